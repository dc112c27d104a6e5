"""PostgreSQL works when it answers who knows the password, and nobody else."""

import pytest

pytestmark = [pytest.mark.service("postgres"), pytest.mark.claim("A30")]

COMMAND = (
    "psql",
    "-h",
    "127.0.0.1",
    "-U",
    "orchestra",
    "-d",
    "ai_orchestra",
    "-Atc",
    "SELECT 6 * 7",
)


def test_it_is_ready(inside):
    answer = inside("postgres").run("pg_isready", "-h", "127.0.0.1")
    assert answer.out == "127.0.0.1:5432 - accepting connections\n"


def test_it_answers_who_knows_the_password(inside, stack):
    password = stack.model.services["postgres"].environment["POSTGRES_PASSWORD"]
    assert inside("postgres").run(*COMMAND, env={"PGPASSWORD": password}).out == "42\n"


def test_it_asks_for_a_password(inside):
    refusal = inside("postgres").run(*COMMAND, env={"PGPASSWORD": ""})
    assert refusal.code == 2
    assert "no password supplied" in refusal.err
