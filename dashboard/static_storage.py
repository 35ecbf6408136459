from whitenoise.storage import CompressedManifestStaticFilesStorage


class ModuleStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Rewrites the imports between our own JavaScript modules too: only files with a hash in their name are kept.

    Django's own way (`support_js_module_import_aggregation`) stumbles over comments in django-htmx's files.
    """

    patterns = (
        *CompressedManifestStaticFilesStorage.patterns,
        (
            "js/*.js",
            ((r"""(?P<matched>(?P<before>\b(?:from |import |import\())"(?P<url>\./[^"]+)")""", '%(before)s"%(url)s"'),),
        ),
    )
