"""The relay: one link per live session, watched or not; the only part that talks to the agent API and writes timelines.

`supervisor` owns everything and hands sessions out; `runner` is one session's life, of which `linking` keeps the link,
`intake` takes in what comes over it, `hearing` knows what was listened to, `polling` asks for what no event tells,
`guarding` holds it against its caps, and `ending` closes it.
`commands` carries out what people asked, with `starting`, `tasking`, `replying` and `driving` for what has steps of its
own; `delivering` takes messages to the agent, `calls` makes a command's calls to the service, and `confirmation` waits
for evidence. `writer` commits many sessions' writes together, and `timings` says how long each waits for what.
"""
