"""The rules of petition intake: what a petition is, who may do what to it, and when it is due.

Nothing here knows HTTP, chat platforms or page templates; `bot` and `admin` import this
package, never the other way round, and never each other.
"""
