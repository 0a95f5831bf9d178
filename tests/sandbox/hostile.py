"""Jinja that wants more than it may have, and what each is answered with. No line of it is kept."""

from __future__ import annotations

VALUES = {"x": "abc", "big": list(range(1000)), "order": {"items": [1, 2], "id": True}}

# Refused at once, or cut by memory, depth or the number of characters.
REFUSED = {
    "{{ 'x' * 10**9 }}": "template_failed",
    "{{ big * 10**9 }}": "template_failed",
    "{{ 2 ** (2 ** 70) }}": "template_failed",
    "{{ (10 ** 1000) * (10 ** 1000) }}": "template_failed",
    "{{ x|center(10**9) }}": "template_failed",
    "{{ x|indent(10**9) }}": "template_failed",
    "{{ x|indent('y' * 100000) }}": "template_failed",
    "{{ '%999999999d'|format(1) }}": "template_failed",
    "{{ '%*d'|format(10**9, 1) }}": "template_failed",
    "{{ '%1000000000s' % x }}": "template_failed",
    "{{ '{:>1000000000}'.format(1) }}": "template_failed",
    "{{ x.zfill(10**9) }}": "template_failed",
    "{{ x.format_map(order) }}": "template_failed",
    "{{ big|tojson(indent=10**9) }}": "template_failed",
    "{{ range(10**30) }}": "template_failed",
    "{{ range(0, 1001)|list }}": "template_failed",
    "{% macro f(n) %}{{ f(n + 1) }}{% endmacro %}{{ f(1) }}": "template_too_costly",
    "{% set n = namespace(s=x) %}{% for i in range(40) %}{% set n.s = n.s ~ n.s %}{% endfor %}": (
        "template_too_costly"
    ),
    "{% set n = namespace(s=x) %}{% for i in range(40) %}{% set n.s = n.s + n.s %}{% endfor %}": (
        "template_failed"
    ),
    "{{ big|batch(10**9, x)|list }}": "template_too_costly",
    "{{ big|join('y' * 1000000) }}": "template_too_costly",
    "{{ x|replace('', 'y' * 1000000)|replace('y', 'z' * 1000000) }}": "template_too_costly",
    "{{ " + "(" * 200 + "1" + ")" * 200 + " }}": "template_too_costly",
    "{% for a in big %}" * 25 + "{% endfor %}" * 25: "template_invalid",
    "{% for a in big %}{% for b in big %}{{ 'x' * 100 }}{% endfor %}{% endfor %}": (
        "rendered_too_large"
    ),
    # reaching out
    "{{ ''.__class__.__mro__[1].__subclasses__() }}": "template_failed",
    "{{ x['__class__'] }}": "template_failed",
    "{{ x|attr('__class__') }}": "template_invalid",
    "{{ big|map(attribute='__class__')|list }}": "template_failed",
    "{{ self.__init__.__globals__ }}": "template_failed",
    "{{ namespace.__init__.__globals__ }}": "template_failed",
    "{{ dict.mro() }}": "template_failed",
    "{{ dict.fromkeys(big) }}": "template_failed",
    "{% macro m() %}{% endmacro %}{{ m._func.__globals__ }}": "template_failed",
    "{% for a in big %}{{ loop._iterable }}{% endfor %}": "template_failed",
    "{{ big.append(1) }}": "template_failed",
    "{{ order.update({'id': 2}) }}": "template_failed",
    "{{ lipsum(n=100000) }}": "variables_invalid",
    "{{ cycler.__init__.__globals__.os }}": "variables_invalid",
    "{{ joiner }}": "variables_invalid",
    "{% include '/etc/passwd' %}": "template_invalid",
    "{% import 'x' as y %}": "template_invalid",
    "{% from 'x' import y %}": "template_invalid",
    "{% extends 'x' %}": "template_invalid",
    "{% block a %}{% endblock %}": "template_invalid",
    "{{ x|safe|xmlattr }}": "template_invalid",
    "{{ x|random }}": "template_invalid",
    "{% if %}": "template_invalid",
}

# They stop at nothing: only the clock ends them.
ENDLESS = [
    (
        "{% for a in range(1000) %}{% for b in range(1000) %}{% for c in range(1000) %}"
        "{% endfor %}{% endfor %}{% endfor %}"
    ),
    "{{ big|slice(10**9)|list }}",
]
