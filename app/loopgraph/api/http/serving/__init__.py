"""How the service listens: who may knock, what bounds a request, its log, its start and its end."""
