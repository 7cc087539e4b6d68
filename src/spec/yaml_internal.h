/* SPDX-License-Identifier: Apache-2.0 */
/* Between the YAML reader and the file that explains its errors. */
#ifndef SP_SPEC_YAML_INTERNAL_H
#define SP_SPEC_YAML_INTERNAL_H

#include "spec/load.h"

#include <yaml.h>

/** sp_yaml_syntax_error() - Say what is wrong at the place where @parser stopped, and guess why */
void sp_yaml_syntax_error(struct sp_diags *diags, const char *file, struct sp_str text,
			  const yaml_parser_t *parser);

/** sp_yaml_complex_key() - A map or list where a key should be: mostly template text */
void sp_yaml_complex_key(struct sp_diags *diags, const char *file, struct sp_str text,
			 struct sp_mark at);

#endif
