"use strict";
// Text of the report is only ever set as textContent: it is never parsed.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const $ = id => document.getElementById(id);
  const chunk = 200;
  const el = (name, cls, text) => {
    const e = document.createElement(name);
    if (cls) e.className = cls;
    if (text !== undefined) e.textContent = text;
    return e;
  };
  const words = { deny: "denied", warn: "warning", excepted: "excepted", trusted: "trusted" };

  // lists holds every list that is rendered piece by piece, so that printing can complete them.
  let lists = [];
  const fill = (parent, items, render, label) => {
    let next = 0;
    const more = el("button", "", "");
    more.type = "button";
    const holder = el("p", "more");
    holder.append(more);
    const step = n => {
      const end = Math.min(items.length, next + n);
      const part = document.createDocumentFragment();
      for (; next < end; next++) part.append(render(items[next]));
      parent.append(part);
      holder.hidden = next === items.length;
      more.textContent = "Show more: " + (items.length - next) + " " + label + " left";
    };
    more.addEventListener("click", () => step(chunk));
    const list = { step, holder, all: () => step(items.length), done: () => next === items.length };
    lists.push(list);
    step(chunk);
    observer.observe(holder);
    holder.list = list;
    return holder;
  };
  const observer = new IntersectionObserver(seen => {
    for (const s of seen) {
      if (s.isIntersecting && s.target.list && !s.target.list.done()) {
        s.target.list.step(chunk);
        observer.unobserve(s.target); // asks again where it is still in view
        observer.observe(s.target);
      }
    }
  }, { rootMargin: "600px" });

  const source = s => {
    const pre = el("pre");
    pre.append(s.line + " | " + s.before, el("mark", "", s.marked), s.after + "\n" + s.under);
    return pre;
  };
  const finding = f => {
    const li = el("li", "finding");
    const head = el("div", "head");
    head.append(el("span", "tag " + f.severity, words[f.severity]));
    const rule = f.page ? el("a", "", f.rule) : el("code", "", f.rule);
    if (f.page) {
      rule.href = f.page;
      rule.rel = "noreferrer";
    }
    head.append(rule);
    if (f.requirement) head.append(el("span", "soft", f.requirement));
    if (f.title) head.append(el("span", "soft", f.title));
    li.append(head);
    const message = el("p", "message");
    message.append(el("span", "path", f.subject), ": " + f.message);
    li.append(message);
    const where = el("div", "soft");
    where.append("at ", el("span", "path", f.at));
    li.append(where);
    if (f.source) li.append(source(f.source));
    const lines = (f.also || []).concat(f.notes || []);
    if (lines.length) {
      const ul = el("ul");
      for (const line of lines) ul.append(el("li", "path", line));
      li.append(ul);
    }
    for (const hint of f.hints || []) {
      const p = el("div", "message");
      p.append("Next step: ", el("code", "", hint));
      li.append(p);
    }
    return li;
  };
  const row = a => {
    const tr = el("tr");
    const state = el("td");
    state.append(el("span", "tag " + a.state, words[a.state]));
    tr.append(state, el("td", "path", a.path), el("td", "hide", a.change), el("td", "", a.expires || "no record"), el("td", "hide", a.level));
    const found = el("td");
    if (a.findings) {
      const b = el("button", "", String(a.findings));
      b.type = "button";
      b.setAttribute("aria-label", a.findings + " findings of " + a.path);
      b.addEventListener("click", () => {
        $("path").value = a.path;
        apply();
        $("findings").focus();
      });
      found.append(b);
    }
    tr.append(found);
    return tr;
  };

  const filters = () => ({
    path: $("path").value.toLowerCase(), rule: $("rule").value, severity: $("severity").value, domain: $("domain").value, expires: $("expires").value,
  });
  const domainOf = new Map(data.artifacts.map(a => [a.path, a.domain]));
  const rulesOf = new Map();
  for (const f of data.findings) {
    for (const p of [f.artifact]) {
      if (!rulesOf.has(p)) rulesOf.set(p, new Set());
      for (const r of f.rules) rulesOf.get(p).add(r);
    }
  }
  const matchesFinding = (f, w) =>
    (!w.path || (f.subject + "\n" + f.at + "\n" + f.message).toLowerCase().includes(w.path)) &&
    (!w.rule || f.rules.includes(w.rule)) &&
    (!w.severity || f.severity === w.severity) &&
    (!w.domain || domainOf.get(f.artifact) === w.domain) && !w.expires;
  const matchesArtifact = (a, w) =>
    (!w.path || a.path.toLowerCase().includes(w.path)) &&
    (!w.rule || (rulesOf.get(a.path) || new Set()).has(w.rule)) &&
    (!w.severity || a.state === w.severity) &&
    (!w.domain || a.domain === w.domain) &&
    (!w.expires || (w.expires === "none" ? !a.expires : a.expires && a.expires <= w.expires));

  const apply = () => {
    const w = filters();
    observer.disconnect();
    lists = [];
    const found = data.findings.filter(f => matchesFinding(f, w));
    const list = $("findings-list");
    list.replaceChildren();
    $("findings-more").replaceChildren(fill(list, found, finding, "findings"));
    const all = data.artifacts.filter(a => matchesArtifact(a, w));
    const domains = $("domains");
    domains.replaceChildren();
    const groups = new Map();
    for (const a of all) {
      if (!groups.has(a.domain)) groups.set(a.domain, []);
      groups.get(a.domain).push(a);
    }
    for (const [domain, members] of groups) {
      const d = el("details", "domain");
      const denied = members.filter(a => a.state === "deny").length;
      const s = el("summary");
      s.append(el("b", "path", domain || "no trust domain"), " ", el("span", "soft", members.length + (members.length === 1 ? " artifact" : " artifacts") + (denied ? ", " + denied + " denied" : "")));
      d.append(s);
      const open = () => {
        if (d.filled) return;
        d.filled = true;
        const table = el("table");
        const head = el("tr");
        for (const [h, cls] of [["state"], ["path"], ["change", "hide"], ["expires"], ["level", "hide"], ["findings"]]) {
          const th = el("th", cls, h);
          th.scope = "col";
          head.append(th);
        }
        const thead = el("thead");
        thead.append(head);
        const body = el("tbody");
        table.append(thead, body);
        d.append(table, fill(body, members, row, "artifacts"));
      };
      d.addEventListener("toggle", () => d.open && open());
      d.complete = () => { d.open = true; open(); };
      domains.append(d);
      if (groups.size <= 3) d.complete();
    }
    $("shown").textContent = found.length + " of " + data.findings.length + " findings and " + all.length + " of " + data.artifacts.length + " artifacts shown";
  };

  const select = (id, values) => {
    for (const v of values) {
      const o = el("option", "", v);
      o.value = v;
      $(id).append(o);
    }
  };
  select("rule", data.rules);
  select("domain", data.domains);
  for (const t of data.times) {
    const o = el("option", "", t.label);
    o.value = t.until;
    $("expires").append(o);
  }
  let waiting = 0;
  $("filters").addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(apply, 80);
  });
  $("filters").addEventListener("submit", e => e.preventDefault());
  $("filters").addEventListener("reset", () => setTimeout(apply, 0));
  document.addEventListener("keydown", e => {
    const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement.tagName);
    if (e.key === "/" && !typing && !e.ctrlKey && !e.metaKey && !e.altKey) {
      e.preventDefault();
      $("path").focus();
    }
    if (e.key === "Escape" && typing) $("filters").reset();
  });
  $("theme").addEventListener("click", () => {
    const dark = getComputedStyle(document.documentElement).getPropertyValue("--bg").trim() !== "#fff";
    document.documentElement.dataset.theme = dark ? "light" : "dark";
  });
  addEventListener("beforeprint", () => {
    for (const d of document.querySelectorAll("details.domain")) d.complete();
    for (const l of lists) l.all();
  });
  apply();
  document.documentElement.dataset.ready = "yes";
})();
