"""Where officers decide: the admin API, the web console and the reports."""
