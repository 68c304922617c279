#!/usr/bin/env python3
# proves: CORE-07, P-CORE-01, P-CORE-12, P-MET-02
# proves in part: P-CTL-01
"""The examples: configuration from the binary is valid, conf/ is up to date."""

import os
import re
import socket
import subprocess
import sys
import tempfile

from ctl import MOXCTL, TESTS, bad, expect, good, moxctl
from echo import run_tests

sys.path.insert(0, os.path.join(TESTS, "session"))
from moxd_server import Conf, Server, make_certificate, service_user  # noqa: E402

CONF = os.path.join(os.path.dirname(TESTS), "conf")
LISTENER = 'listener "public" {\n'
TLS = '    tls { pair "x" { certificate = "/etc/moxd/x.pem" key = "/etc/moxd/tls/x.key" } }\n'
NO_CONF = "/nonexistent/moxd.conf"
IP = "127.%d.%d.2" % (100 + os.getpid() // 250 % 100, 1 + os.getpid() % 250)


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as s:
            s.bind(("::1", 0))
        return True
    except OSError:
        return False


def settle(text, directory):
    """The same for this machine: its addresses, a certificate that exists, a user of its own."""
    text = text.replace('"203.0.113.5"', '"%s"' % IP)
    text = text.replace('"2001:db8::5"', '"::1"') if has_ipv6() else text.replace(', "2001:db8::5"', "")
    text = text.replace('"/etc/moxd/relay.pem"', '"%s/key.pem"' % directory)
    text = re.sub(r'"/etc/moxd/[^"]*\.pem"', '"%s/cert.pem"' % directory, text)
    text = re.sub(r'"/etc/moxd/tls/[^"]*\.key"', '"%s/key.pem"' % directory, text)
    text = re.sub(r"^data-dir = .*$", 'data-dir = "data"', text, flags=re.M)
    text = re.sub(r"^user = .*\n", "", text, flags=re.M)
    return 'user = "%s"\n' % service_user() + text


def with_keys(domains, directory):
    """DKIM keys that exist."""
    key = os.path.join(directory, "dkim.pem")
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", key], check=True,
                   stderr=subprocess.DEVNULL)
    return re.sub(r'"[^"]*\.privatekey\.pkcs8\.pem"', '"%s"' % key, domains)


def check(static, domains):
    with tempfile.TemporaryDirectory() as d:
        make_certificate(d)
        domains = with_keys(domains, d)
        for name, text in (("moxd.conf", settle(static, d)), ("domains.conf", domains)):
            with open(os.path.join(d, name), "w", encoding="utf-8") as f:
                f.write(text)
        status, out, err = moxctl("config", "test", conf=os.path.join(d, "moxd.conf"))
        expect(status == 0, "%s%s\n%s" % (out, err, domains))


def the_short_example_is_valid():
    check(good("config", "example", "static", conf=NO_CONF),
          good("config", "example", "domains", conf=NO_CONF))


def module_names():
    """Those that were built."""
    return sorted(f[:-3] for f in os.listdir(os.environ["MOXD_MODULE_DIR"]) if f.endswith(".so"))


def with_modules(static, names):
    line = "modules = [%s]" % ", ".join('"%s"' % name for name in names)
    return re.sub(r"^modules = .*$", line, static, count=1, flags=re.M)


def all_directives_are_valid():
    static = good("config", "describe-static", conf=NO_CONF)
    loaded = re.findall(r'"(\w+)"', re.search(r"^modules = .*$", static, re.M)[0])
    expect({"accounts", "store", "auth", "smtp", "imap"} <= set(loaded), str(loaded))
    check(with_modules(static, module_names()), good("config", "describe-domains", conf=NO_CONF))


def every_module_has_a_valid_example():
    whole = good("config", "describe-static", conf=NO_CONF) + good("config", "describe-domains", conf=NO_CONF)
    top = 'hostname = "mail.example.org"\ndata-dir = "data"\nmodules = []\n'
    for name in module_names():
        text = good("config", "describe-module", name, conf=NO_CONF)
        if name != "example":  # which nobody installs
            with open(os.path.join(os.path.dirname(MOXCTL), "conf", name + ".conf.example"),
                      encoding="utf-8") as f:
                expect(f.read() == text, "conf/%s.conf.example is not what is printed" % name)
        for directive in re.findall(r"^ *(?:# )?([a-z][a-z-]* (?:=|{))", text, re.M):
            expect(re.search(r"^ *(# )?" + re.escape(directive), whole, re.M), directive)
        static, domains = text.split("# ---- domains.conf\n")
        static = static.replace(LISTENER, LISTENER + TLS)
        if 'domain "example.org"' not in domains:
            domains = 'domain "example.org" { }\n' + domains
        check(with_modules(top + static, module_names()), domains)
    bad(1, "there is no module \"nothing\"", "config", "describe-module", "nothing", conf=NO_CONF)


def a_former_name_works_and_is_told():
    with Server(Conf()) as server:
        path = server.path("moxd.conf")
        with open(path, encoding="utf-8") as f:
            text = f.read()
        with open(path, "w", encoding="utf-8") as f:
            f.write(text.replace("submission {\n", "submission {\n        auth-allow-plain = true\n"))
        status, out, err = moxctl("config", "test", conf=path)
        expect(status == 0 and '"auth-allow-plain" is deprecated: use allow-plain' in err, out + err)


def each_error_of_domains_conf_has_its_place():
    with Server(Conf()) as server:
        good("config", "test", conf=server.path("moxd.conf"))
        with open(server.path("domains.conf"), encoding="utf-8") as f:
            lines = f.read().count("\n")
        with open(server.path("domains.conf"), "a", encoding="utf-8") as f:
            f.write('acount "x" { }\naccount "y" {\n    domain = "mox.example"\n'
                    '    address "MJL@mox.example" { }\n    full-nam = "Y"\n}\n')
        status, out, err = moxctl("config", "test", conf=server.path("moxd.conf"))
        expect(status == 1, out + err)
        for line, text in ((1, 'did you mean "account"'), (5, 'did you mean "full-name"')):
            expect(re.search(r"domains\.conf:%d:\d+: error: .*%s" % (lines + line, text), err), err)
        bad(1, "unknown directive \"acount\"", "domain", "add", "x.example", conf=server.path("moxd.conf"))
        good("account", "list", conf=server.path("moxd.conf"))


def the_unit_in_conf_is_what_is_printed():
    with tempfile.TemporaryDirectory() as d:
        with open(os.path.join(d, "moxd.conf"), "w", encoding="utf-8") as f:
            f.write('data-dir = "data"\nmodules = []\n')
        unit = good("config", "printservice", conf=os.path.join(d, "moxd.conf"))
        moxd = os.path.realpath(MOXCTL.replace("moxctl", "moxd"))
        for here, there in ((moxd, "/usr/sbin/moxd"), (os.path.join(d, "data"), "/var/lib/moxd"),
                            (d, "/etc/moxd")):
            expect(here in unit, unit)
            unit = unit.replace(here, there)
    with open(os.path.join(CONF, "moxd.service"), encoding="utf-8") as f:
        expect(f.read() == unit, "conf/moxd.service should be:\n" + unit)


SELECTOR = re.compile(r"\b((?:moxd|process)_\w+)(?:\{([^}]*)\})?")


def samples(text):
    """{metric: [{label: value}]}, of every sample."""
    found = {}
    for name, labels in re.findall(r"^(\w+)(?:\{(.*)\})? \S+$", text, re.M):
        found.setdefault(name, []).append(dict(re.findall(r'(\w+)="([^"]*)"', labels)))
    return found


def matches(labels, selector):
    """Whether a sample would be selected; "job" comes from Prometheus."""
    for name, kind, value in re.findall(r'(\w+)(=~|=)"([^"]*)"', selector):
        own = labels.get(name, "")
        if name != "job" and not (own == value if kind == "=" else re.fullmatch(value, own)):
            return False
    return True


def alerts_are_about_metrics_that_exist():
    with Server(Conf()) as server:
        have = samples(good("metrics", conf=server.path("moxd.conf")))
    with open(os.path.join(CONF, "prometheus-rules.yaml"), encoding="utf-8") as f:
        rules = re.findall(r"- alert: (\w+)\n +expr: (.*)\n", f.read())
    expect(len(rules) >= 14 and len(rules) == len({name for name, _ in rules}), str(rules))
    for alert, expr in rules:
        for metric, selector in SELECTOR.findall(expr):
            expect(any(matches(labels, selector) for labels in have.get(metric, [])),
                   "%s: nothing is selected by %s{%s}" % (alert, metric, selector))


run_tests([the_short_example_is_valid, all_directives_are_valid, every_module_has_a_valid_example, a_former_name_works_and_is_told,
           each_error_of_domains_conf_has_its_place, the_unit_in_conf_is_what_is_printed,
           alerts_are_about_metrics_that_exist])
