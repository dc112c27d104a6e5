"""Faults of phase 0.5: the documentation and the indexer."""

import json

from tests.faults.catalogue.common import RELOAD, Suite, caddy
from tests.faults.model import Fault, Outside, Step

mkdocs = Suite("mkdocs", "phase0_5", "test_mkdocs", needs=("docs-indexer",))
indexer = Suite("docs-indexer", "phase0_5", "test_docs_indexer", needs=("mkdocs",))

STATUS = "docs/_data/status.json"
NATIVE = ("test_the_build_ended_well",)
AGAIN = Outside(
    "rm -f docs/_data/status*.json && "
    "docker compose -f docker-compose.yml -f faulty.yml --profile '*' up docs-indexer mkdocs"
)


def site(command: str) -> tuple[Step, ...]:
    """A shell command in the folder that the front door hands out."""
    run = "docker run --rm --network none --user 0 -v ${PROJECT}_site:/site --workdir /site"
    return (Outside(f"{run} stacktest/probe:1 sh -c {json.dumps(command)}"),)


def rewritten(change: str) -> tuple[Step, ...]:
    """`status.json` after a Python statement on the document `d`."""
    code = (
        f"import json; p = '{STATUS}'; d = json.load(open(p)); {change}; json.dump(d, open(p, 'w'))"
    )
    return (Outside(f'python3 -c "{code}"'),)


def page(name: str, command: str, *red: str) -> Fault:
    return mkdocs.fault(name, site(command), *red, undo=(AGAIN,))


def status(name: str, change: str, *red: str) -> Fault:
    return indexer.fault(name, rewritten(change), *red, undo=(AGAIN,))


def claim(lie: str) -> str:
    """A statement that calls adminer functional, every proof in place but for this one."""
    entry = (
        "e = d['adminer']; e.update(functional=True, status='functional', state='functional', "
        "last_test_pass='2026-01-01T00:00:00.000+00:00', pass_fingerprint=e['fingerprint'], "
        "tests={'required': 9, 'passed': 9, 'flaky': 0})"
    )
    return f"{entry}; e.update({lie})"


FAULTS: tuple[Fault, ...] = (
    mkdocs.fault(
        "the front door hands out nothing",
        caddy("root * /site", "root * /tmp"),
        "*",
        but=(*NATIVE, "test_an_unknown_page_is_not_found", "test_the_sources_are_not_served"),
        undo=(RELOAD,),
    ),
    mkdocs.fault(
        "something that says OK to everything stands in its place",
        caddy("root * /site\n\tfile_server", 'respond "OK" 200'),
        "*",
        but=(
            *NATIVE,
            "test_no_page_links_to_nothing",
            "test_no_page_asks_another_server_for_anything",
        ),
        undo=(RELOAD,),
    ),
    mkdocs.fault(
        "the front door lists the folder's files",
        (
            *site("mkdir raw && cp index.html index.md"),
            *caddy(
                "file_server\n", "try_files {path} {path}/index.html /index.html\n\tfile_server\n"
            ),
        ),
        "test_an_unknown_page_is_not_found",
        "test_the_sources_are_not_served",
        undo=(AGAIN, RELOAD),
    ),
    page(
        "a page is missing",
        "rm -r spokes/adminer",
        "test_no_page_asks_another_server_for_anything",
        "test_every_page_is_served_with_its_own_headline",
        "test_no_page_links_to_nothing",
    ),
    page(
        "a page has another page's content",
        "cp spokes/caddy/index.html spokes/adminer/index.html",
        "test_every_page_is_served_with_its_own_headline",
    ),
    page(
        "a page shows the mistake of a template in place of its content",
        "sed -i 's,<h1[^>]*>.*</h1>,<h1>Macro Syntax Error</h1>,' spokes/adminer/index.html",
        "test_every_page_is_served_with_its_own_headline",
    ),
    page(
        "the home page leads to fewer pages",
        "sed -i s,spokes/adminer/,spokes/caddy/,g index.html",
        "test_every_page_can_be_reached_from_the_home_page",
    ),
    page(
        "a page loads a font from elsewhere",
        "sed -i s,'</head>','<link rel=stylesheet href=\"https://fonts.example/x.css\"></head>', spokes/caddy/index.html",
        "test_no_page_asks_another_server_for_anything",
    ),
    page(
        "the search index is empty",
        'echo \'{"config": {"lang": ["en"], "separator": " ", "pipeline": []}, "docs": []}\' '
        "> search/search_index.json",
        "test_the_search_index_holds_every_page",
        "test_a_reader_finds_a_page_by_searching",
    ),
    page(
        "the sitemap lacks a page",
        "sed -i '/adminer/d' sitemap.xml",
        "test_the_sitemap_names_every_page",
    ),
    page(
        "the site was made by another version",
        "sed -i s/mkdocs-material-9/mkdocs-material-8/ index.html",
        "test_the_program_has_the_pinned_version",
    ),
    page(
        "a script of the home page fails",
        "sed -i 's,</head>,<script>nowhere()</script></head>,' index.html",
        "test_the_home_page_runs_without_a_complaint",
    ),
    mkdocs.fault(
        "the build broke off",
        (
            Outside("printf '\\n[nowhere](nowhere.md)\\n' >> docs/index.md"),
            Outside(
                "docker compose -f docker-compose.yml -f faulty.yml --profile '*' up mkdocs || true"
            ),
        ),
        "test_the_build_ended_well",
        "test_no_page_links_to_nothing",
        undo=(AGAIN,),
    ),
    status(
        "a service is missing",
        "del d['adminer']",
        "test_there_is_one_entry_for_each_service",
        "test_the_documentation_serves_the_same_services",
    ),
    status(
        "a service is there that nobody runs",
        "d['ghost'] = d['adminer']",
        "test_there_is_one_entry_for_each_service",
        "test_two_services_never_have_the_same_fingerprint",
        "test_documented_means_that_a_page_is_there",
        "test_the_documentation_serves_the_same_services",
    ),
    status(
        "a fingerprint is unknown",
        "d['adminer']['fingerprint'] = None",
        "test_every_fingerprint_is_known",
    ),
    status(
        "two services have one fingerprint",
        "d['adminer']['fingerprint'] = d['caddy']['fingerprint']",
        "test_two_services_never_have_the_same_fingerprint",
    ),
    status(
        "an entry says functional and shows no pass",
        claim("last_test_pass=None"),
        "test_functional_means_that_a_pass_is_on_record",
    ),
    status(
        "a service that changed after its pass is still called functional",
        claim("pass_fingerprint='0' * 16"),
        "test_functional_means_that_nothing_changed_since_the_pass",
    ),
    status(
        "a service is called functional because others passed",
        claim("tests={'required': 9, 'passed': 0, 'flaky': 0}"),
        "test_functional_means_that_every_test_about_it_passed",
    ),
    status(
        "a service is called functional that nobody tests",
        claim("tests={'required': 0, 'passed': 0, 'flaky': 0}"),
        "test_functional_means_that_every_test_about_it_passed",
    ),
    status(
        "an entry has a word that nobody knows",
        "d['adminer']['status'] = 'fine'",
        "test_the_file_can_be_read_by_its_own_rules",
    ),
    status(
        "an entry is in another order",
        "d['adminer'] = dict(reversed(d['adminer'].items()))",
        "test_every_entry_has_the_original_keys_in_their_order",
    ),
    indexer.fault(
        "a password is in the file",
        (
            Outside(
                "python3 -c \"import json; p = 'docs/_data/status.json'; d = json.load(open(p)); "
                "s = [l.split('=')[1].strip() for l in open('.env') if l.startswith('MARIADB_PASSWORD=')][0]; "
                "d['adminer']['reasons'] = [s]; json.dump(d, open(p, 'w'))\""
            ),
        ),
        "test_no_secret_of_the_stack_is_in_the_file",
        undo=(AGAIN,),
    ),
    indexer.fault(
        "it broke off",
        (
            Outside(
                "sed -i 's,command: \\[status\\, --stack,command: [status\\, --nonsense,' docker-compose.yml && "
                "docker compose -f docker-compose.yml -f faulty.yml --profile '*' up docs-indexer || true"
            ),
        ),
        "test_it_ended_well",
        "test_it_said_how_many_services_it_judged",
        undo=(AGAIN,),
    ),
)
