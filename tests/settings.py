"""The dashboard's settings as the tests run them: fast hashing, loud templates."""

from dashboard.settings import *  # noqa: F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
