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
