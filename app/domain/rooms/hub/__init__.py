"""A worker's rooms: opened once, looked after, repaired, closed, in step with other workers.

`hub` has them all. Around it stand what opens and waits (`opening`, `waiting`), edits by calls
(`revising`), the clock (`caretaker`), failures (`repair`), the other workers (`peers`, `follower`,
`whereabouts`) and the end (`drain`).
"""
