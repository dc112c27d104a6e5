"""The document of a copy goes to Compose with the labels of its run, and is itself not changed."""

from stacktest.adapters.compose.copied_project import with_labels


def test_labels_are_laid_over_the_document() -> None:
    document = {
        "services": {"web": {"labels": {"stacktest.stand-in": "x"}}, "db": {}},
        "networks": {"default": {"internal": True}},
    }
    override = {
        "services": {"web": {"labels": {"stacktest.run": "1"}}},
        "networks": {"default": {"labels": {"stacktest.run": "1"}}},
    }
    assert with_labels(document, override) == {
        "services": {
            "web": {"labels": {"stacktest.stand-in": "x", "stacktest.run": "1"}},
            "db": {},
        },
        "networks": {"default": {"internal": True, "labels": {"stacktest.run": "1"}}},
    }
    assert document["networks"] == {"default": {"internal": True}}


def test_a_network_of_services_that_are_not_started_gets_the_labels_of_the_run() -> None:
    document = {"services": {"db": {}, "web": {}}, "networks": {"back": {}, "front": {"name": "f"}}}
    override = {
        "services": {"db": {"labels": {"stacktest.run": "1"}}},
        "networks": {"back": {"labels": {"stacktest.run": "1"}}},
    }
    networks = with_labels(document, override)["networks"]
    assert networks == {
        "back": {"labels": {"stacktest.run": "1"}},
        "front": {"name": "f", "labels": {"stacktest.run": "1"}},
    }
