"""The access server: a process of its own, HTTP and SQLite. Only user of starlette and uvicorn."""
