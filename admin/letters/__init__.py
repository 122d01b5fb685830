"""The letters of the trade, filled from reviewed .docx templates."""
