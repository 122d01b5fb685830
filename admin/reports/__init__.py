"""Reports: the citizen-reception section, the statistical forms, and the check of typed totals.

Numbers come from `intake.statistics`, sentences from `phrases.toml`; nothing here counts.
"""
