"""What every verb has in common: the options `--config`, `--state`, `--json`, an example in its help, and Settings."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from core.config import Config
    from core.state import StateDirectory
    from tui.commands.output import Output


@dataclass
class Settings:
    """What the shared options say, whether they stand before the verb or behind it."""

    config: Path | None = None
    state: Path | None = None
    json: bool = False

    def places(self) -> StateDirectory:
        """Return where state, cache and socket are: `--state`, else `SHELVER_STATE`, else the user's own."""
        from core.state import StateDirectory

        chosen = self.chosen_state()
        return StateDirectory.beneath(chosen) if chosen else StateDirectory.of_user()

    def chosen_state(self) -> Path | None:
        """Return the state directory that somebody chose, or None for the user's own."""
        if self.state is not None:
            return self.state
        named = os.environ.get("SHELVER_STATE")
        return Path(named) if named else None

    def config_path(self) -> Path:
        """Return the file that `load_config` reads, whether it exists or not."""
        from core.config import default_config_path

        return self.config if self.config is not None else default_config_path()

    def load_config(self) -> Config:
        """Return the config. Raises ConfigError with every mistake."""
        from core.config import load_config

        return load_config(self.config)

    def output(self) -> Output:
        """Return where records and sentences go."""
        from tui.commands.output import Output

        return Output(json=self.json)


def shared_options(*, prints_data: bool = True) -> list[click.Parameter]:
    """Return fresh options for one command; each notes its value in the Settings."""

    def note(context: click.Context, parameter: click.Parameter, value: Any) -> None:
        if value:
            setattr(context.find_object(Settings), parameter.name or "", value)

    def option(*names: str, **more: Any) -> click.Option:
        return click.Option(names, expose_value=False, callback=note, **more)

    options: list[click.Parameter] = [
        option("--config", metavar="FILE", type=click.Path(path_type=Path), help="Another config.toml."),
        option("--state", metavar="DIR", type=click.Path(path_type=Path), help="A whole separate Shelver below DIR."),
    ]
    if prints_data:
        options.append(option("--json", is_flag=True, help="Print JSON: an object, or one a line for a list."))
    return options


class Verb(click.Command):
    """A command with the shared options and an example.

    `spreads`: options that take several values in a row, as in `--only a.txt b.txt`.
    """

    def __init__(
        self,
        *arguments: Any,
        example: str,
        prints_data: bool = True,
        spreads: Sequence[str] = (),
        **more: Any,
    ) -> None:
        super().__init__(*arguments, **more)
        self.params += shared_options(prints_data=prints_data)
        self.context_settings.setdefault("help_option_names", ["-h", "--help"])
        self.example = example
        self.spreads = spreads

    def parse_args(self, context: click.Context, arguments: list[str]) -> list[str]:
        """Parse, after `--only a b` became `--only a --only b`."""
        valued = [name for option in self.params if not getattr(option, "is_flag", True) for name in option.opts]
        early = not any(isinstance(parameter, click.Argument) and parameter.required for parameter in self.params)
        return super().parse_args(context, spread(arguments, self.spreads, valued=valued, early=early))

    def format_epilog(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the example."""
        with formatter.section("Example"):
            for line in self.example.splitlines():
                formatter.write(f"  {line}\n")
        formatter.write("")


class VerbGroup(click.Group):
    """A verb that has verbs of its own, such as `config check`."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self.params += shared_options()
        self.context_settings.setdefault("help_option_names", ["-h", "--help"])


def spread(arguments: Sequence[str], options: Sequence[str], *, valued: Sequence[str], early: bool) -> list[str]:
    """Repeat an option before each of the values that follow its first, up to the next option.

    `valued`: options that take one value. Unless `early`, values spread only once the command's own argument was
    seen, so that `--rule NAME FOLDER` keeps its folder.
    """
    result: list[str] = []
    repeating = ""
    expects_value = False
    for place, argument in enumerate(arguments):
        if argument == "--":
            return result + list(arguments[place:])
        if argument.startswith("-") and argument != "-":
            expects_value = argument in valued
            repeating = argument if argument in options and early else ""
        elif expects_value:
            expects_value = False
        elif repeating:
            result.append(repeating)
        else:
            early = True
        result.append(argument)
    return result


def verb(
    name: str, *, example: str, prints_data: bool = True, spreads: Sequence[str] = ()
) -> Callable[[Callable[..., int]], Verb]:
    """Make a function `(settings, …) -> exit code` a verb. Its docstring is the help."""

    def make(function: Callable[..., int]) -> Verb:
        decorate = click.command(name, cls=Verb, example=example, prints_data=prints_data, spreads=spreads)
        return decorate(click.pass_obj(function))

    return make


def group(name: str, help: str) -> VerbGroup:
    """Make a verb that only holds others; add them with `.add_command`."""
    return VerbGroup(name, help=help)


@dataclass(frozen=True)
class Look:
    """How the screens are to be, as far as the command line says so; the person's `choices` say the rest.

    `colors`: true, 256 or 16; nothing leaves it to the choices.
    """

    mouse: bool = True
    read_only: bool = False
    colors: str = ""
    ascii: bool = False
    choices: Path | None = None


def look_options(function: Callable[..., int]) -> Callable[..., int]:
    """Give a command the options of the screens; it is called with them as `look`."""

    @wraps(function)
    def with_look(
        *arguments: Any, no_mouse: bool, read_only: bool, colors: str | None, ascii: bool, **more: Any
    ) -> int:
        look = Look(mouse=not no_mouse, read_only=read_only, colors=colors or "", ascii=ascii)
        return function(*arguments, look=look, **more)

    wrapped: Callable[..., int] = with_look
    for option in (
        click.option("--ascii", is_flag=True, help="Screens of ASCII alone, for a terminal without lines and arrows."),
        click.option("--colors", type=click.Choice(["true", "256", "16"]), help="As many, whatever the terminal says."),
        click.option("--read-only", is_flag=True, help="Screens that only look."),
        click.option("--no-mouse", is_flag=True, help="Screens that leave the mouse to the terminal."),
    ):
        wrapped = option(wrapped)
    return wrapped
