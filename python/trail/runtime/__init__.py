"""What runs inside the user's Python: the standard library only, from 3.8 on.

The files here are copied into each prefix, so that a running program never depends on
where trail is installed. They import nothing of trail and trail imports none of them.
"""
