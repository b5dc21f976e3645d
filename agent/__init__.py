"""The always-on agent: watches folders, queues operations, serves the socket."""
