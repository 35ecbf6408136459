from whitenoise.storage import CompressedManifestStaticFilesStorage


class ModuleStaticFilesStorage(CompressedManifestStaticFilesStorage):
    """Names every file by its content, the ones that a JavaScript module imports too."""

    support_js_module_import_aggregation = True
