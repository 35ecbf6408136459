"""The relay: one link per live session, watched or not; the only part that talks to the agent API and writes timelines.

`supervisor` owns everything and hands sessions out, `runner` is one session's life, `commands` carries out what people
asked, `confirmation` waits for evidence, `writer` commits many sessions' writes together.
"""
