"""Macros: inlined with their arguments, typed, bounded."""

from fixtures.expressions import compiled, compiler, evaluate, imported, mistakes

T, F = True, False


def test_a_macro_stands_for_its_expression():
    macros = {"runs(n: dotted)": "n glob $exec or n == 'x'", "any_runs(s: set<str>)": "any n in s: (@runs(n))"}
    assert evaluate("@runs(import.qualname)", fact=imported("os.system"), macros=macros) is T
    assert evaluate("any n in import.names: (@runs(n))", fact=imported("os.path"), macros=macros) is F
    assert evaluate("@any_runs(import.names)", fact=imported("a", names=frozenset(["os.system"])), macros=macros) is T


def test_parameters_can_be_conditions_lists_facts_and_values():
    macros = {
        "both(a: bool, b: bool)": "a and b",
        "listed(n: str, l: strings)": "n in l",
        "by(i: import, op: str)": "i.opcode == op",
        "host(u: str)": "url_host(u)",
    }
    fact = imported("numpy", opcode="GLOBAL")
    assert evaluate("@both((import.n == 1), (not import.computed))", fact=fact, macros=macros) is T
    assert evaluate("@listed(import.qualname, $names)", fact=fact, macros=macros) is T
    assert evaluate('@by(import, "GLOBAL")', fact=fact, macros=macros) is T
    assert evaluate('any i in imports: (@by(i, "GLOBAL"))', fact=fact, macros=macros) is T
    assert evaluate('@host("https://u@Example.com/x") == "example.com"', fact=fact, macros=macros) is T


def test_a_variable_of_a_macro_does_not_capture_what_an_argument_means():
    macros = {
        "some(c: bool)": "any k in import.names: (c and k == import.qualname)",
        "twin(n: str)": "any k in imports: (k.name == n)",
    }
    fact = imported("os.system")
    assert evaluate("@some((any k in import.segments: (k == 'x')))", fact=fact, macros=macros) is F
    assert evaluate("@some((any k in import.names: (k == 'os.system')))", fact=fact, macros=macros) is T
    assert evaluate("any k in import.names: (@twin(k))", fact=fact, macros=macros) is F
    assert evaluate("@twin(import.name)", fact=fact, macros=macros) is T


def test_guards_reach_through_macros():
    macros = {"is_one(v: str)": "v == '1'", "versioned(a: artifact)": "a has version and a.version == '1'"}
    assert compiled("artifact has version and @is_one(artifact.version)", kind="artifact", macros=macros)
    assert compiled("artifact has version and @is_one(lower(artifact.version))", kind="artifact", macros=macros)
    assert "E214" in mistakes("@is_one(lower(artifact.version))", kind="artifact", macros=macros)
    assert compiled("@versioned(root) and root.version == '1'", kind="artifact", macros=macros)
    assert "E214" in mistakes("@is_one(artifact.version)", kind="artifact", macros=macros)


def test_a_mistake_inside_a_macro_stands_in_the_macro():
    found = mistakes("@wrong(import)", macros={"wrong(i: import)": "i.modul == 'a'"})
    assert found == (
        "error[E203]: unknown field `modul` on `i`\n"
        " --> macros.yaml:3:9\n"
        "3 | when: i.modul == 'a'\n"
        "  |         ^^^^^ did you mean `module`?"
    )


def test_arguments_have_the_type_of_their_parameter():
    macros = {"one(n: str)": "n == 'a'", "big(n: float)": "n > 1.5"}
    assert mistakes("@one(import.n)", macros=macros) == (
        "error[E206]: `@one` takes str as `n`, and `import.n` is int\n"
        " --> rules.yaml:3:12\n"
        "3 | when: @one(import.n)\n"
        "  |            ^^^^^^^^\n"
        "  = help: one(n: str)"
    )
    assert "E207" in mistakes("@one(import.name, import.name)", macros=macros)
    assert compiled("@big(2)", macros=macros)


def test_a_macro_that_leads_back_to_itself_is_refused():
    macros = {"a(n: str)": "@b(n)", "b(n: str)": "n == 'x' or @a(n)"}
    found = mistakes("@a(import.name)", macros=macros)
    assert "error[E211]: macro `@a` uses itself" in found
    assert "= help: @a → @b → @a" in found


def test_rings_are_found_without_a_use():
    made = compiler({"a(n: str)": "@b(n)", "b(n: str)": "@a(n)", "c(n: str)": "@a(n)"})
    made.check_macros()
    assert [(d.code, d.message, d.help) for d in made.diagnostics] == [
        ("E211", "macro `@a` uses itself", "@a → @b → @a"),
        ("E211", "macro `@b` uses itself", "@b → @a → @b"),
    ]


def test_macros_are_at_most_eight_levels_deep():
    macros = {f"m{i}(n: str)": f"@m{i + 1}(n)" for i in range(8)} | {"m8(n: str)": "n == 'a'"}
    assert compiled("@m1(import.name)", macros=macros)
    assert "error[E212]: macros are nested deeper than 8 levels" in mistakes("@m0(import.name)", macros=macros)


def test_macros_bring_in_at_most_five_hundred_parts():
    macros = {f"m{i}(n: str)": f"@m{i + 1}(n) or @m{i + 1}(n)" for i in range(7)} | {"m7(n: str)": "n == 'a'"}
    assert compiled("@m5(import.name)", macros=macros)
    found = mistakes("@m0(import.name)", macros=macros)
    assert "error[E212]: macros bring in more than 500 parts" in found


def test_signatures_are_checked():
    for signature, code in {
        "a(n)": "E231",
        "a(n: word)": "E231",
        "a(n: str, n: str)": "E231",
        "a n: str": "E231",
    }.items():
        made = compiler({signature: "true"})
        made.check_macros()
        assert [d.code for d in made.diagnostics] == [code], signature
    made = compiler({"a(n: word)": "true"})
    made.check_macros()
    assert made.diagnostics[0].render() == (
        "error[E231]: `n: word` is no parameter with a type\n"
        " --> macros.yaml:5:6\n"
        "5 |    a(n: word)\n"
        "  |      ^^^^^^^\n"
        "  = help: types are bool, int, float, str, bytes, dotted, path, uri, strings, set<…>, list<…> and fact kinds"
    )


def test_a_macro_without_parameters_may_read_the_rules_own_fact():
    macros = {"called()": '"called" in import.uses', "nested()": "artifact.depth > 0"}
    assert evaluate("@called() and not @nested()", fact=imported("x", uses=frozenset(["called"])), macros=macros) is T
