"""An agent service of our own: it speaks the hosted API's protocol and runs agents in a real Chromium, with live video.

It knows nothing of the dashboard, and the dashboard knows nothing of it but its address.
"""
