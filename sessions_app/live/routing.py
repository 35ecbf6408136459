from django.urls import path

from sessions_app.live.consumers import DeskConsumer, SessionConsumer

websocket_urlpatterns = [
    path("ws/sessions/<id:pk>/", SessionConsumer.as_asgi(), name="session-socket"),
    path("ws/desk/", DeskConsumer.as_asgi(), name="desk-socket"),
]
