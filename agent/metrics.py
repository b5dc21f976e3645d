"""Numbers for Prometheus, in its text format."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Literal, get_args

from agent.serving import Agent
from core import __version__
from core.model import FolderState

Labels = Mapping[str, str]
Sample = tuple[Labels, float]


async def exposition(agent: Agent) -> bytes:
    """Return all metrics of an agent."""
    operations, hub, worker = agent.operations, agent.hub, agent.supervisor
    queues = await operations.dispatch.lengths()
    folders = agent.folders.statuses
    families = [
        _family("info", "gauge", "The version that runs.", [({"version": __version__}, 1)]),
        _family("uptime_seconds", "gauge", "Since the agent began.", [({}, time.monotonic() - agent.began)]),
        _family("healthy", "gauge", "1 while nothing is wrong.", [({}, not agent.troubles())]),
        _family(
            "operations_total",
            "counter",
            "Operations that came to rest.",
            [({"kind": kind, "state": state}, count) for (kind, state), count in operations.totals.operations.items()],
        ),
        _family(
            "files_total",
            "counter",
            "Files of ended operations, by outcome.",
            [({"outcome": outcome}, count) for outcome, count in operations.totals.files.items()],
        ),
        _family("bytes_total", "counter", "Bytes of files that were done.", [({}, operations.totals.bytes)]),
        _family("operations_running", "gauge", "Operations in a worker's hands.", [({}, len(worker.running))]),
        _family(
            "queue_length",
            "gauge",
            "Operations that wait in a queue.",
            [({"queue": name}, length) for name, length in queues.items()],
        ),
        _family("worker_alive", "gauge", "1 while the worker serves its queues.", [({}, worker.is_ready)]),
        _family("worker_deaths_total", "counter", "Workers that ended unasked.", [({}, worker.deaths)]),
        _family(
            "folder_state",
            "gauge",
            "1 for the state that a folder is in.",
            [
                ({"folder": each.name, "state": state}, each.state == state)
                for each in folders
                for state in get_args(FolderState)
            ],
        ),
        _family("folder_files", "gauge", "Files in a folder.", [({"folder": f.name}, f.files) for f in folders]),
        _family(
            "folder_waiting",
            "gauge",
            "Files that have not settled.",
            [({"folder": f.name}, f.waiting) for f in folders],
        ),
        _family("subscribers", "gauge", "Listeners to events.", [({}, hub.listeners)]),
        _family("events_total", "counter", "Events told.", [({}, hub.counters.events)]),
        _family("resyncs_total", "counter", "Times that a slow listener lost events.", [({}, hub.counters.resyncs)]),
    ]
    return "".join(families).encode()


def _family(name: str, kind: Literal["counter", "gauge"], text: str, samples: Iterable[Sample]) -> str:
    lines = [f"# HELP shelver_{name} {text}", f"# TYPE shelver_{name} {kind}"]
    lines += [f"shelver_{name}{_labels(labels)} {_number(value)}" for labels, value in samples]
    return "\n".join(lines) + "\n"


def _labels(labels: Labels) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items()) + "}"


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
