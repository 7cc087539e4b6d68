/* SPDX-License-Identifier: Apache-2.0 */
/* Between the decoder proper, what it says about unknown things, and what kinds there are. */
#ifndef SP_SPEC_DECODE_INTERNAL_H
#define SP_SPEC_DECODE_INTERNAL_H

#include "spec/tables.h"

/* One step of the way from the document to a value; lives on the stack of the decoder. */
struct step {
	const struct step *up;
	const char *name; /* NULL: element `index` of a list */
	uint32_t index;
	bool in_map; /* name is a key of free choice */
};

struct decoder {
	struct sp_arena *arena;
	struct sp_diags *diags, *unacted; /* each may be NULL */
	const struct sp_source *src;
	const struct sp_load_options *opt;
	enum sp_kind kind;
	bool quiet;  /* inside a field that is listed as not acted on */
	bool failed; /* something could not be decoded */
};

void sp_decode_object(struct decoder *d, enum sp_type_id id, const struct sp_node *n,
		      const struct step *s, void *base);
const char *sp_decode_path(struct decoder *d, const struct step *s);
uint32_t sp_decode_width(const struct sp_node *n); /* columns to underline */
int sp_decode_minor(const struct decoder *d);

/** sp_decode_unknown() - A field that the type does not have: say so as the options want it */
void sp_decode_unknown(struct decoder *d, enum sp_type_id id, const struct sp_pair *p,
		       const struct step *s);
/** sp_decode_too_new() - A field that the target release does not know yet */
void sp_decode_too_new(struct decoder *d, const struct sp_field *f, const struct sp_pair *p,
		       const struct step *s);

#endif
