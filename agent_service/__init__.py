"""An agent service of our own: the hosted API's wire, a real Chromium, a real picture.

It knows nothing of the dashboard, which knows of it nothing but its address.
"""
