"""The schema's history, one file a step, applied by `tiepdan db upgrade`."""
