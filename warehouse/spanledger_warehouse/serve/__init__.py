"""The published numbers over HTTP: read-only, walled by tenant, one version per answer.

editions     which version is published; a pinned link to it; the databases that requests read
tenant_copy  what of a published file is one tenant's, and how it becomes a database of its own
locking      the settings that shut a connection off from everything but its own tables
callers      tokens and JWTs: who asks, for which tenants, in which role
questions    the documented questions as parameterised SQL (`sql/serve`)
app, routes  the HTTP face of it; `server` runs it
console      a tenant's own SQL, in a process of its own with hard limits
"""
