"""The one door to the agent service: nothing else in the program knows its wire."""
