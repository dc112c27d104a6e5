from tests.support.compose_project import free_port, held_port, project

__all__ = ["free_port", "held_port", "project"]
