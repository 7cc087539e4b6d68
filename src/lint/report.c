/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Findings for people and for machines. Machine formats are contracts: JSON of our own,
 * SARIF 2.1.0, JUnit, workflow annotations of GitHub, TAP.
 */
#include "lint/lint_internal.h"

#include "base/json.h"
#include "base/text.h"

const char sp_lint_format_names[] = "human|json|sarif|junit|github|tap";

#define RULES_DOC "docs/lint.md#"

static const char *const severities[] = {"error", "warning", "info"};

struct counts {
	uint32_t n[SP_SEVERITIES], hidden, ignored, shown;
};

static bool shown(const struct sp_finding *f, const struct sp_lint_report *r)
{
	return sp_finding_shown(f, r->threshold, r->all);
}

static struct counts count(const struct sp_lint *l, const struct sp_lint_report *r)
{
	struct counts c = {0};

	for (uint32_t i = 0; i < l->n_findings; i++) {
		const struct sp_finding *f = &l->findings[i];

		c.ignored += f->ignored;
		if (shown(f, r)) {
			c.n[f->severity]++;
			c.shown++;
		} else {
			c.hidden += !f->ignored;
		}
	}
	return c;
}

/* "Deployment/web" */
static void object_name(const struct sp_finding *f, struct sp_buf *out)
{
	if (f->kind)
		sp_buf_printf(out, "%s%s%s", f->kind, f->name ? "/" : "", f->name ? f->name : "");
}

/* ---- human ----------------------------------------------------------------------------------- */

static const char *plural(uint32_t n)
{
	return n == 1 ? "" : "s";
}

static void summary(const struct sp_lint *l, const struct sp_lint_report *r, struct sp_buf *out)
{
	struct counts c = count(l, r);

	if (c.shown == 0)
		sp_buf_printf(out, "%u file%s: nothing found", l->n_sources, plural(l->n_sources));
	else
		sp_buf_printf(out, "%u error%s, %u warning%s, %u info in %u file%s",
			      c.n[SP_SEV_ERROR], plural(c.n[SP_SEV_ERROR]), c.n[SP_SEV_WARNING],
			      plural(c.n[SP_SEV_WARNING]), c.n[SP_SEV_INFO], l->n_sources,
			      plural(l->n_sources));
	if (c.ignored)
		sp_buf_printf(out, "; %u ignored", c.ignored);
	if (c.hidden)
		sp_buf_printf(out, "; %u not shown", c.hidden);
	if (l->dropped)
		sp_buf_printf(out, "; %u beyond the limit", l->dropped);
	sp_buf_putc(out, '\n');
}

/* Where a line begins, from one that is not behind it. */
struct line_at {
	uint32_t line;
	size_t offset;
};

static void go_to(struct line_at *at, const struct sp_source *src, uint32_t line)
{
	while (at->line < line) {
		const char *nl = memchr(src->bytes + at->offset, '\n', src->len - at->offset);

		if (!nl)
			return;
		at->offset = (size_t)(nl + 1 - src->bytes);
		at->line++;
	}
}

static void human_one(const struct sp_finding *f, const struct sp_lint_report *r,
		      const struct line_at *at, struct sp_buf *out)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf text = {0}, in = {0};
	struct sp_diag d = {.severity = f->severity,
			    .file = f->source->name,
			    .at = f->at,
			    .len = f->len,
			    .rule = f->id,
			    .why = f->why,
			    .fix = f->fix,
			    .near_line = at->line,
			    .near_offset = at->offset};

	sp_buf_printf(&text, "%s%s%s: %s", f->id, f->rule ? " " : "", f->rule ? f->rule->name : "",
		      f->message);
	if (f->confidence != SP_CERTAIN)
		sp_buf_printf(&text, " (%s)", sp_confidence_name(f->confidence));
	d.message = text.failed ? f->message : text.ptr;
	object_name(f, &in);
	if (f->container)
		sp_buf_printf(&in, "%scontainer %s", in.len ? ", " : "", f->container);
	if (f->path)
		sp_buf_printf(&in, "%s%s", in.len ? ", " : "", f->path);
	d.in = in.failed ? NULL : in.ptr;
	sp_diag_print(&d, f->source->bytes, f->source->len, r->color, r->ascii, out);
}

static void human(struct sp_lint *l, const struct sp_lint_report *r, struct sp_buf *out)
{
	const struct sp_source *file = NULL;
	struct line_at at = {1, 0};
	bool first = true;

	for (uint32_t i = 0; i < l->n_findings; i++) {
		const struct sp_finding *f = &l->findings[i];

		if (!shown(f, r))
			continue;
		assert(f->source); /* what adds a finding says where */
		if (f->source != file)
			sp_buf_printf(out, "%s%s%s%s\n", first ? "" : "\n",
				      r->color ? "\x1b[1m" : "", f->source->name,
				      r->color ? "\x1b[0m" : "");
		sp_buf_putc(out, '\n');
		first = false;
		if (f->source != file || f->at.line < at.line)
			at = (struct line_at){1, 0};
		file = f->source;
		go_to(&at, file, f->at.line);
		human_one(f, r, &at, out);
	}
	if (r->verbose)
		sp_lint_products(l, false, out);
	if (!r->quiet) {
		if (!first || (r->verbose && out->len))
			sp_buf_putc(out, '\n');
		summary(l, r, out);
	}
}

/* ---- json ------------------------------------------------------------------------------------ */

static void json_one(const struct sp_finding *f, struct sp_buf *out)
{
	sp_json_next(out);
	sp_buf_putc(out, '{');
	sp_json_str(out, "rule", f->id);
	sp_json_str(out, "name", f->rule ? f->rule->name : NULL);
	sp_json_str(out, "severity", severities[f->severity]);
	sp_json_str(out, "confidence", sp_confidence_name(f->confidence));
	sp_json_str(out, "file", f->source->name);
	if (f->at.line) {
		sp_json_int(out, "line", f->at.line);
		sp_json_int(out, "column", SP_MAX(f->at.col, 1u));
		sp_json_int(out, "length", f->len);
	}
	sp_json_str(out, "kind", f->kind);
	sp_json_str(out, "object", f->name);
	sp_json_str(out, "container", f->container);
	sp_json_str(out, "path", f->path);
	sp_json_str(out, "message", f->message);
	sp_json_str(out, "why", f->why);
	sp_json_str(out, "fix", f->fix);
	sp_json_str(out, "fixClass", f->rule ? sp_fix_class_name(f->rule->fix) : "no");
	sp_json_bool(out, "fixable", f->n_ops > 0);
	if (f->rule) {
		sp_json_key(out, "doc");
		sp_buf_printf(out, "\"%s%s\"", RULES_DOC, f->id);
	}
	sp_buf_putc(out, '}');
}

static void json(struct sp_lint *l, const struct sp_lint_report *r, struct sp_buf *out)
{
	struct counts c = count(l, r);

	sp_buf_putc(out, '{');
	sp_json_str(out, "format", "sidepod.lint/v1");
	sp_json_str(out, "version", SP_VERSION);
	sp_json_int(out, "files", l->n_sources);
	for (int s = 0; s < SP_SEVERITIES; s++)
		sp_json_int(out,
			    s == SP_SEV_ERROR     ? "errors"
			    : s == SP_SEV_WARNING ? "warnings"
						  : "infos",
			    c.n[s]);
	sp_json_int(out, "ignored", c.ignored);
	sp_json_int(out, "hidden", c.hidden);
	sp_json_key(out, "findings");
	sp_buf_putc(out, '[');
	for (uint32_t i = 0; i < l->n_findings; i++)
		if (shown(&l->findings[i], r))
			json_one(&l->findings[i], out);
	sp_buf_putc(out, ']');
	if (r->verbose) {
		sp_json_key(out, "products");
		sp_lint_products(l, true, out);
	}
	sp_buf_puts(out, "}\n");
}

/* ---- SARIF 2.1.0 ----------------------------------------------------------------------------- */

static void sarif_text(struct sp_buf *out, const char *key, const char *text)
{
	sp_json_key(out, key);
	sp_buf_putc(out, '{');
	sp_json_str(out, "text", text);
	sp_buf_putc(out, '}');
}

static const char *sarif_level(enum sp_severity s)
{
	return s == SP_SEV_INFO ? "note" : severities[s];
}

static void sarif_rules(struct sp_buf *out)
{
	sp_json_key(out, "rules");
	sp_buf_putc(out, '[');
	for (size_t i = 0; i < sp_lint_rules_n; i++) {
		const struct sp_lint_rule *r = &sp_lint_rules[i];

		sp_json_next(out);
		sp_buf_putc(out, '{');
		sp_json_str(out, "id", r->id);
		sp_json_str(out, "name", r->name);
		sarif_text(out, "shortDescription", r->what);
		sarif_text(out, "fullDescription", r->why);
		sarif_text(out, "help", r->how);
		sp_json_key(out, "defaultConfiguration");
		sp_buf_printf(out, "{\"level\":\"%s\"}}", sarif_level(r->severity));
	}
	sp_buf_putc(out, ']');
}

/* Artifact locations are URI references: what a path may hold and a URI may not is encoded. */
static void uri(struct sp_buf *out, const char *path)
{
	sp_json_key(out, "uri");
	sp_buf_putc(out, '"');
	for (; *path; path++) {
		unsigned char c = (unsigned char)*path;

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		    strchr("-._~/", c))
			sp_buf_putc(out, (char)c);
		else
			sp_buf_printf(out, "%%%02X", c);
	}
	sp_buf_putc(out, '"');
}

static void sarif_result(const struct sp_finding *f, struct sp_buf *out)
{
	sp_json_next(out);
	sp_buf_putc(out, '{');
	sp_json_str(out, "ruleId", f->id);
	if (f->rule)
		sp_json_int(out, "ruleIndex", f->rule - sp_lint_rules);
	sp_json_str(out, "level", sarif_level(f->severity));
	sarif_text(out, "message", f->message);
	sp_json_key(out, "locations");
	sp_buf_puts(out, "[{\"physicalLocation\":{\"artifactLocation\":{");
	uri(out, f->source->name);
	sp_buf_putc(out, '}');
	if (f->at.line)
		sp_buf_printf(out,
			      ",\"region\":{\"startLine\":%u,\"startColumn\":%u,\"endColumn\":%u}",
			      f->at.line, SP_MAX(f->at.col, 1u), SP_MAX(f->at.col, 1u) + f->len);
	sp_buf_putc(out, '}');
	if (f->path)
		sp_buf_puts(out, ",\"logicalLocations\":[{");
	if (f->path) {
		sp_json_str(out, "fullyQualifiedName", f->path);
		sp_buf_puts(out, "}]");
	}
	sp_buf_puts(out, "}]");
	sp_json_key(out, "properties");
	sp_buf_putc(out, '{');
	sp_json_str(out, "confidence", sp_confidence_name(f->confidence));
	sp_json_str(out, "container", f->container);
	sp_json_str(out, "fix", f->fix);
	sp_buf_putc(out, '}');
	if (f->ignored)
		sp_buf_puts(out, ",\"suppressions\":[{\"kind\":\"inSource\"}]");
	sp_buf_putc(out, '}');
}

static void sarif(struct sp_lint *l, const struct sp_lint_report *r, struct sp_buf *out)
{
	sp_buf_puts(out, "{\"$schema\":\"https://json.schemastore.org/sarif-2.1.0.json\","
			 "\"version\":\"2.1.0\",\"runs\":[{\"tool\":{\"driver\":{"
			 "\"name\":\"sidepod lint\",\"semanticVersion\":\"" SP_VERSION "\"");
	sarif_rules(out);
	sp_buf_puts(out, "}},\"columnKind\":\"unicodeCodePoints\",\"results\":[");
	for (uint32_t i = 0; i < l->n_findings; i++) {
		struct sp_finding f = l->findings[i];

		f.ignored = false;
		if (sp_finding_shown(&f, r->threshold, r->all))
			sarif_result(&l->findings[i], out);
	}
	sp_buf_puts(out, "]}]}\n");
}

/* ---- JUnit ----------------------------------------------------------------------------------- */

static void xml(struct sp_buf *out, const char *s)
{
	for (; s && *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (c == '<')
			sp_buf_puts(out, "&lt;");
		else if (c == '>')
			sp_buf_puts(out, "&gt;");
		else if (c == '&')
			sp_buf_puts(out, "&amp;");
		else if (c == '"')
			sp_buf_puts(out, "&quot;");
		else if (c == '\n' || c == '\t')
			sp_buf_printf(out, "&#%u;", c);
		else
			sp_buf_putc(out, c < 0x20 || c == 0x7f ? '?' : (char)c);
	}
}

static void junit_case(const struct sp_finding *f, struct sp_buf *out)
{
	sp_buf_printf(out, "    <testcase name=\"%s ", f->id);
	xml(out, f->path ? f->path : f->message);
	sp_buf_puts(out, "\" classname=\"");
	xml(out, f->source->name);
	sp_buf_puts(out, "\">\n      <failure type=\"");
	sp_buf_printf(out, "%s\" message=\"", severities[f->severity]);
	xml(out, f->message);
	sp_buf_puts(out, "\">");
	xml(out, f->source->name);
	sp_buf_printf(out, ":%u:%u", f->at.line, f->at.col);
	if (f->why) {
		sp_buf_puts(out, "\nwhy: ");
		xml(out, f->why);
	}
	if (f->fix) {
		sp_buf_puts(out, "\nfix: ");
		xml(out, f->fix);
	}
	sp_buf_puts(out, "</failure>\n    </testcase>\n");
}

static uint32_t shown_of(const struct sp_lint *l, const struct sp_lint_report *r,
			 const struct sp_source *src)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < l->n_findings; i++)
		n += l->findings[i].source == src && shown(&l->findings[i], r);
	return n;
}

static void junit(struct sp_lint *l, const struct sp_lint_report *r, struct sp_buf *out)
{
	struct counts c = count(l, r);
	uint32_t tests = c.shown;

	for (uint32_t s = 0; s < l->n_sources; s++)
		tests += shown_of(l, r, l->sources[s]) == 0;
	sp_buf_printf(out,
		      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"sidepod "
		      "lint\" tests=\"%u\" failures=\"%u\" errors=\"0\">\n",
		      tests, c.shown);
	for (uint32_t s = 0; s < l->n_sources; s++) {
		uint32_t n = shown_of(l, r, l->sources[s]);

		sp_buf_puts(out, "  <testsuite name=\"");
		xml(out, l->sources[s]->name);
		sp_buf_printf(out, "\" tests=\"%u\" failures=\"%u\" errors=\"0\">\n", SP_MAX(n, 1u),
			      n);
		if (n == 0) {
			sp_buf_puts(out, "    <testcase name=\"lint\" classname=\"");
			xml(out, l->sources[s]->name);
			sp_buf_puts(out, "\"/>\n");
		}
		for (uint32_t i = 0; i < l->n_findings; i++)
			if (l->findings[i].source == l->sources[s] && shown(&l->findings[i], r))
				junit_case(&l->findings[i], out);
		sp_buf_puts(out, "  </testsuite>\n");
	}
	sp_buf_puts(out, "</testsuites>\n");
}

/* ---- GitHub, TAP ----------------------------------------------------------------------------- */

/* Workflow commands: %, line ends, and in properties also : and , */
static void github_text(struct sp_buf *out, const char *s, bool property)
{
	for (; s && *s; s++)
		if (*s == '%' || *s == '\n' || *s == '\r' || (property && (*s == ':' || *s == ',')))
			sp_buf_printf(out, "%%%02X", (unsigned char)*s);
		else
			sp_buf_putc(out, *s);
}

static void github(struct sp_lint *l, const struct sp_lint_report *r, struct sp_buf *out)
{
	for (uint32_t i = 0; i < l->n_findings; i++) {
		const struct sp_finding *f = &l->findings[i];

		if (!shown(f, r))
			continue;
		sp_buf_printf(out, "::%s file=",
			      f->severity == SP_SEV_INFO ? "notice" : severities[f->severity]);
		github_text(out, f->source->name, true);
		sp_buf_printf(out,
			      ",line=%u,col=%u,endColumn=%u,title=%s %s::", SP_MAX(f->at.line, 1u),
			      SP_MAX(f->at.col, 1u), SP_MAX(f->at.col, 1u) + f->len, f->id,
			      f->rule ? f->rule->name : "");
		github_text(out, f->message, false);
		if (f->fix) {
			sp_buf_puts(out, "%0Afix: ");
			github_text(out, f->fix, false);
		}
		sp_buf_putc(out, '\n');
	}
}

static void tap_line(struct sp_buf *out, const char *s)
{
	for (; s && *s; s++)
		sp_buf_putc(out, *s == '\n' || *s == '\r' ? ' ' : *s == '#' ? '*' : *s);
}

static void tap(struct sp_lint *l, const struct sp_lint_report *r, struct sp_buf *out)
{
	uint32_t n = 0;

	sp_buf_puts(out, "TAP version 13\n");
	for (uint32_t s = 0; s < l->n_sources; s++) {
		if (shown_of(l, r, l->sources[s]) == 0) {
			sp_buf_printf(out, "ok %u - ", ++n);
			tap_line(out, l->sources[s]->name);
			sp_buf_putc(out, '\n');
		}
		for (uint32_t i = 0; i < l->n_findings; i++) {
			const struct sp_finding *f = &l->findings[i];

			if (f->source != l->sources[s] || !shown(f, r))
				continue;
			sp_buf_printf(out, "not ok %u - ", ++n);
			tap_line(out, f->source->name);
			sp_buf_printf(out, ":%u:%u %s ", f->at.line, f->at.col, f->id);
			tap_line(out, f->message);
			sp_buf_printf(out, "\n  ---\n  severity: %s\n", severities[f->severity]);
			if (f->kind) {
				SP_CLEANUP(sp_buf_done) struct sp_buf name = {0};

				object_name(f, &name);
				sp_buf_puts(out, "  object: ");
				sp_buf_json(out, name.ptr ? name.ptr : "");
				sp_buf_putc(out, '\n');
			}
			if (f->fix) {
				sp_buf_puts(out, "  fix: ");
				sp_buf_json(out, f->fix);
				sp_buf_putc(out, '\n');
			}
			sp_buf_puts(out, "  ...\n");
		}
	}
	sp_buf_printf(out, "1..%u\n", n);
}

void sp_lint_print(struct sp_lint *l, const struct sp_lint_report *r, struct sp_buf *out)
{
	static void (*const printers[])(struct sp_lint *, const struct sp_lint_report *,
					struct sp_buf *) = {human, json, sarif, junit, github, tap};

	_Static_assert(SP_ARRAY_LEN(printers) == SP_LINT_FORMATS, "a printer for each format");
	printers[r->format](l, r, out);
}
