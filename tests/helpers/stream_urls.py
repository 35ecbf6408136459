"""The dashboard's addresses with those of the picture, whether or not they are among them."""

from django.urls import include, path

from sessions_app.views import stream

urlpatterns = [
    path("sessions/<str:pk>/whep/", stream.whep_offer, name="whep-offer"),
    path("sessions/<str:pk>/web-view/", stream.web_view, name="web-view"),
    path("viewings/<str:pk>/", stream.whep_viewing, name="whep-viewing"),
    path("web-view/<str:pk>/", stream.web_view_part, name="web-view-part"),
    path("web-view/<str:pk>/<path:path>", stream.web_view_part, name="web-view-part"),
    path("", include("dashboard.urls")),
]
