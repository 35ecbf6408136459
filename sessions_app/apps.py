from django.apps import AppConfig
from django.urls import register_converter

from sessions_app.converters import PublicId


class SessionsAppConfig(AppConfig):
    name = "sessions_app"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        register_converter(PublicId, "id")
