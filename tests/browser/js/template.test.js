import { addMessage, compareVariables, isHistory, jinjaParts, messagesIn, nextRole, roleOf, swapWithNext, variablesIn } from "/static/js/editor/template.js";
import { equal, ok } from "./check.js";

const apply = (text, changes) => [...changes].sort((a, b) => b.from - a.from)
  .reduce((now, { from, to, insert }) => now.slice(0, from) + insert + now.slice(to), text);

export const tests = {
  "role lines hold nothing else": () => {
    equal(['{{role "system"}}', "  {{ role 'user' }} ", '{{role "model"}}', '{{role "tool"}}', 'x {{role "user"}}', '\\{{role "user"}}'].map(roleOf),
      ["system", "user", "assistant", null, null, null]);
    ok(isHistory("{{history}}") && !isHistory("{{history}} x"));
  },
  "variables in order, without literals, references, roles and history": () => {
    equal(variablesIn('{{b}} {{a}} {{b}} \\{{c}} {{> x/y@production}} {{history}} {{role "user"}} {{ d.e }}'), ["b", "a", "d"]);
  },
  "declared against used": () => {
    equal(compareVariables("{{a}} {{b}}", [{ name: "a" }, { name: "z" }]), { used: ["a", "b"], undeclared: ["b"], unused: ["z"] });
    equal(compareVariables("{% for a in b %}{{a}}{% endfor %}", [], ["b"]), { used: ["b"], undeclared: ["b"], unused: [] });
  },
  "what only Jinja has": () => {
    const text = '{% if a %}{{ a }}{{ a|upper }}{# no #}{{> x/y}}{{ role "user" }}{{history}}{{ a.b }}{{ f(1) }}';
    equal([...text.matchAll(jinjaParts())].map(([part]) => part), ["{% if a %}", "{{ a|upper }}", "{# no #}", "{{ f(1) }}"]);
  },
  "text before the first role line is a user message": () => {
    equal(messagesIn(["hi", '{{role "system"}}', "x"]).map(({ role, explicit }) => [role, explicit]), [["user", false], ["system", true]]);
    equal(messagesIn(["", '{{role "system"}}', "x"]).map(({ role }) => role), ["system"]);
    equal(messagesIn([""]).map(({ role }) => role), ["user"]);
  },
  "swapping keeps both messages whole and the gap between them": () => {
    const text = '{{role "system"}}\nS\n\n{{role "user"}}\nU\nU2\n\n{{role "assistant"}}\nA';
    equal(apply(text, swapWithNext(text, 0)), '{{role "user"}}\nU\nU2\n\n{{role "system"}}\nS\n\n{{role "assistant"}}\nA');
    equal(apply(text, swapWithNext(text, 1)), '{{role "system"}}\nS\n\n{{role "assistant"}}\nA\n\n{{role "user"}}\nU\nU2');
    equal(swapWithNext(text, 2), null);
  },
  "a message without a role line gets one before it moves below another": () => {
    const text = 'Hello\n{{role "system"}}\nS';
    equal(apply(text, swapWithNext(text, 0)), '{{role "system"}}\nS\n{{role "user"}}\nHello');
  },
  "a new message stands behind its neighbour, with the caret inside": () => {
    const text = '{{role "system"}}\nS\n\n{{role "user"}}\nU';
    const { change, caret } = addMessage(text, 0, "user");
    const after = apply(text, [change]);
    equal(after, '{{role "system"}}\nS\n\n{{role "user"}}\n\n\n{{role "user"}}\nU');
    equal(after.slice(0, caret), '{{role "system"}}\nS\n\n{{role "user"}}\n');
    equal(apply("", [addMessage("", 0, "system").change]), '{{role "system"}}\n');
    equal([nextRole("user"), nextRole("system"), nextRole("assistant")], ["assistant", "user", "user"]);
  },
};
