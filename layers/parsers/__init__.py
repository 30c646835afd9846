"""What runs in the child process of `..sandbox`: one module per job, each a function `parse(order)`.

Nothing here is imported by the parent. Little is imported at all: a child lives for one file.
"""
