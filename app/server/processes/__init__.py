"""The processes of a server: a supervisor that holds the port, and the workers that it starts.

On the supervisor's side `supervisor`, `worker_process` and `worker_numbers`; on the worker's
`worker_main`, `worker` and uvicorn's protocols as we need them. `heartbeat` and `signals` are what
they say to each other, `claims` is what has to be had alone before either starts.
"""
