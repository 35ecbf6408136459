"""Words that more than one part of the ingest writes, or looks for."""

#: Alarms that are over with the task they tell of.
ACTED_ALARM, STOP_ALARM = "Acted after it was paused:", "Stop not confirmed: the agent may still be at work."
PAUSE_ALARM = "Pause not confirmed: the agent goes on."
#: The last step of an agent that was held, or waited for an answer, until its next one is heard of.
AT_WORK_AGAIN = "At work again."
#: Over with the next release that is heard.
RELEASE_ALARM = "Release not confirmed: the agent may still be held. Take control, and release it again."
