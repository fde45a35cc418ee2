"""The line that sound runs along, and the facts and orders that steer it."""
