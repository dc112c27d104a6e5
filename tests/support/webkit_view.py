#!/usr/bin/python3
"""Loads one page in WebKit: `webkit_view.py PROXY URL` prints its text, or why it was refused.

The system's Python runs it, which has the bindings. The proxy is set by the call that the program
makes which Playwright starts. WebKit's own WebDriver says "loaded" of a refused page as well.
"""

import sys
from typing import Any

import gi

gi.require_version("Gtk", "3.0")
gi.require_version("WebKit2", "4.1")
from gi.repository import Gtk, WebKit2  # noqa: E402 - the versions are chosen before


def main(proxy: str, url: str) -> int:
    text: list[str] = []
    refused: list[str] = []

    def has_moved(_view: object, event: WebKit2.LoadEvent) -> None:
        if event != WebKit2.LoadEvent.FINISHED:
            return
        if refused:
            Gtk.main_quit()
        else:
            view.evaluate_javascript("document.body.innerText", -1, None, None, None, has_text)

    def has_text(_view: object, result: object) -> None:
        text.append(view.evaluate_javascript_finish(result).to_string())
        Gtk.main_quit()

    def is_distrusted(_view: object, _url: str, _leaf: object, errors: Any) -> bool:
        refused.extend(sorted({*errors.value_nicks} - {"no-flags"}))
        return True

    def has_failed(_view: object, _event: object, _url: str, error: Any) -> bool:
        refused.append(error.message)
        return True

    context = WebKit2.WebContext.new_ephemeral()
    context.get_website_data_manager().set_network_proxy_settings(
        WebKit2.NetworkProxyMode.CUSTOM, WebKit2.NetworkProxySettings.new(proxy, None)
    )
    view = WebKit2.WebView.new_with_context(context)
    view.connect("load-changed", has_moved)
    view.connect("load-failed-with-tls-errors", is_distrusted)
    view.connect("load-failed", has_failed)
    view.load_uri(url)
    Gtk.main()
    print(*refused, *text)  # noqa: T201 - read by whoever started this
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
