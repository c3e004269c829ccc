"""Where records go and are never lost: a journal before the call leaves, a group commit when it ends, recovery after
a crash.

On a record's way: `recorder` takes it, `journal` vouches for it, `floods` counts refusals together, `backlog` keeps it
waiting, `committer` gathers a batch, `writer` sees it in whatever the rows are like, `store` speaks to the database
(`postgres`, `sqlite` behind `engine`), `aside` takes what no database wants. `steward` and `recovery` bring back what
dead processes left. `rows` is the form records have on the way, `alarm` says loudly and once what goes wrong.
"""

from analytics.recorder.recorder import Facts, JournalRecorder

__all__ = ["Facts", "JournalRecorder"]
