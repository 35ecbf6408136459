"""The relay: one link per live session, watched or not; the only part that talks to the agent API and writes timelines.

`supervisor` owns everything and hands sessions out; `runner` is one session's life, of which `linking` keeps the link,
`hearing` knows what was listened to, `polling` asks for what no event tells, `guarding` holds it against its caps,
`commands` and `driving` carry out what people asked, and `confirmation` waits for evidence; `writer` commits many
sessions' writes together.
"""
