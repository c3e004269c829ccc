"""Addresses of providers: one spelling of each, and only where a call may go."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from llm.addresses import Address, BadAddress, check_base_url, host_of, may_connect

ALLOWED = ("ollama.internal", "10.1.0.0/16", "fd12::/16")

HOSTILE = {
    "https:// or http://": (
        *("", "api.openai.com/v1", "//api.openai.com", "ftp://api.openai.com", "file:///etc/passwd"),
        *("javascript:alert(1)", "gopher://127.0.0.1:6379/_INFO", "ws://api.openai.com", "unix:///run/redis.sock"),
        *("data:text/html,x", "redis://127.0.0.1"),
    ),
    "name a host": ("https://", "https:///v1", "https://:443/v1", "https:api.openai.com"),
    "credentials": (
        *("https://me:secret@api.openai.com", "https://api.openai.com@evil.example", "https://@api.openai.com"),
        "https://api.openai.com:443@evil.example/v1",
    ),
    "query": (
        *("https://api.openai.com/v1?key=1", "https://api.openai.com/v1#a", "https://api.openai.com?", "https://a.b/#"),
        "https://evil.example#@api.openai.com",
    ),
    "not an address": ("https://api.openai.com:99999", "https://api.openai.com:-1", "https://[::1", "https://a.b:0x50"),
    "port from 1": ("https://api.openai.com:0",),
    "spaces": (
        *("https://api .openai.com", "https://api.openai.com\\@evil.example", "https://api.openai.com\n"),
        *("https://api.openai.com\t/v1", "\u00a0https://api.openai.com", "https://api.openai.com\u200b/v1"),
    ),
    "plain letters, digits": (
        *("https://api%2eopenai.com", "https://api.openai.com%00.evil.example", "https://\uff41pi.openai.com"),
        *("https://аpi.openai.com", "https://api。openai.com", "https://api.openai.com.", "https://-a.example"),
        *(f"https://{'a' * 64}.example", f"https://{'a.' * 127}example", "https://a..b", "https://*.openai.com"),
    ),
    "path of plain letters": ("https://api.openai.com/../v1", "https://api.openai.com/%2e%2e/", "https://a.b/v1/é"),
    "four plain numbers": (
        *("http://2130706433", "http://0x7f000001/", "http://0177.0.0.1", "http://127.1", "https://127.0.0.01"),
        *("https://0x7f.0.0.1", "https://1.2.3", "https://1.2.3.4.5", "https://256.1.1.1", "https://a.0x"),
    ),
    "brackets": ("https://[127.0.0.1]", "https://[fe80::1%25eth0]", "https://[::g]"),
    "must be https": (
        *(
            "http://api.openai.com/v1",
            "http://169.254.169.254/latest",
            "http://127.0.0.1.evil.example",
            "http://10.2.0.1",
        ),
        *("http://0.0.0.0:6379", "http://[::]", "http://localhost.evil.example", "http://[::ffff:169.254.169.254]"),
    ),
    "private network": (
        *(
            "https://10.2.0.1",
            "https://172.16.0.1",
            "https://192.168.0.1:8443",
            "https://169.254.169.254",
            "https://0.0.0.0",
        ),
        *("https://100.64.0.1", "https://224.0.0.1", "https://255.255.255.255", "https://[::]", "https://[fc00::1]"),
        *(
            "https://[fe80::1]",
            "https://[::ffff:127.0.0.1]",
            "https://[::ffff:10.0.0.1]",
            "https://[64:ff9b::a9fe:a9fe]",
        ),
        *("https://[2002:7f00:1::]", "https://[::127.0.0.1]", "https://[ff02::1]", "https://[fd00:ec2::254]"),
    ),
}


@pytest.mark.parametrize(
    ("url", "spelt"),
    [
        ("https://api.openai.com/v1", "https://api.openai.com/v1"),
        ("HTTPS://API.OpenAI.com:443/v1/", "https://api.openai.com/v1/"),
        ("https://1.1.1.1", "https://1.1.1.1"),
        ("http://127.0.0.1:9100/v1", "http://127.0.0.1:9100/v1"),
        ("http://[0:0::1]:9100/v1", "http://[::1]:9100/v1"),
        ("http://localhost:11434", "http://localhost:11434"),
        ("http://ollama.internal:11434/v1", "http://ollama.internal:11434/v1"),
        ("http://10.1.2.3/v1", "http://10.1.2.3/v1"),
        ("https://[fd12::7]", "https://[fd12::7]"),
        ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example"),
        ("https://llm_gateway/openai", "https://llm_gateway/openai"),
    ],
)
def test_good_addresses_have_one_spelling(url: str, spelt: str) -> None:
    assert str(check_base_url(url, ALLOWED)) == spelt
    assert Address.parse(spelt) == Address.parse(url)


@pytest.mark.parametrize(("words", "url"), [(words, url) for words, urls in HOSTILE.items() for url in urls])
def test_bad_addresses_are_refused_in_words(words: str, url: str) -> None:
    with pytest.raises(BadAddress, match=words):
        check_base_url(url, ALLOWED)


@pytest.mark.parametrize("url", ["http://127.0.0.1:9000", "https://localhost/x", "https://[::1]", "https://127.0.0.9"])
def test_the_machine_itself_is_refused_where_it_has_no_business(url: str) -> None:
    with pytest.raises(BadAddress, match="this machine"):
        check_base_url(url, ALLOWED, at_home=False)
    assert check_base_url(url, [Address.parse(url).host], at_home=False)


@pytest.mark.parametrize("rest", ["hunter2/x@api.openai.com", "hunter2@[api.openai.com"])
def test_a_refusal_does_not_quote_half_a_password(rest: str) -> None:
    with pytest.raises(BadAddress) as refused:
        check_base_url(f"https://me:{rest}")
    assert "hunter2" not in str(refused.value)


def test_the_host_a_secret_goes_to_has_its_port() -> None:
    assert host_of("https://API.openai.com/v1") == host_of("https://api.openai.com:443/v2") == "api.openai.com:443"
    assert host_of("http://api.openai.com") == "api.openai.com:80"
    assert host_of("") == host_of("https://[") == ""


@pytest.mark.parametrize(
    ("host", "ip", "may"),
    [
        ("api.openai.com", "1.1.1.1", True),
        ("api.openai.com", "127.0.0.1", False),
        ("api.openai.com", "::1", False),
        ("api.openai.com", "10.0.0.1", False),
        ("api.openai.com", "169.254.169.254", False),
        ("api.openai.com", "::ffff:169.254.169.254", False),
        ("api.openai.com", "10.1.0.9", True),
        ("api.openai.com", "::ffff:10.1.0.9", True),
        ("ollama.internal", "192.168.7.7", True),
        ("ollama.internal", "127.0.0.1", True),
        ("localhost", "127.0.0.1", True),
        ("localhost", "10.0.0.1", False),
        ("127.0.0.1", "127.0.0.1", True),
    ],
)
def test_what_a_name_leads_to_is_judged(host: str, ip: str, may: bool) -> None:
    assert may_connect(host, ip_address(ip), ALLOWED) is may
