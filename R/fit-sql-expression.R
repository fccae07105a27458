# Expressions of a formula as SQL. What is not on the lists below is not translated: an unknown
# function would be passed through and might mean something else there.
#
# A translation is list(`sql`, `type`), of type "number" (double precision always, so that 7 / 2 is
# 3.5 and sums do not overflow), "text", "logical" or "date"; a missing value is NULL, as in SQL.

#' What there is to translate for
#'
#' @param columns list by name of list(`type`, `nan` (may a value be no number?)); `env` of the
#'   formula, where names that are no columns have their values; `dialect` from `sql_dialect()`;
#'   `quote_name`, `quote_text` functions of a string.
#' @noRd
new_translator <- function(columns, env, dialect, quote_name, quote_text) {
  list(
    columns = columns, env = env, dialect = dialect, quote_name = quote_name,
    quote_text = quote_text
  )
}

#' Raise what makes the caller fetch the rows instead
#' @noRd
abort_untranslatable <- function(expr, reason = NULL) {
  text <- expression_text(expr)
  message <- paste0("`", text, "`", if (!is.null(reason)) paste0(" (", reason, ")"))
  stop_untranslatable(message)
}

stop_untranslatable <- function(reason) {
  stop(structure(list(message = reason, call = NULL),
    class = c("henderson_untranslatable", "error", "condition")
  ))
}

#' @return list(`sql`, `type`).
#' @noRd
translate <- function(expr, to) {
  known <- names(to$columns)
  if (!any(all.vars(expr) %in% known)) return(translate_constant(expr, to))
  if (is.symbol(expr)) return(translate_column(expr, to))
  name <- call_name(expr)
  arguments <- as.list(expr)[-1L]
  if (name %in% names(sql_calls) && is.null(names(arguments))) {
    own <- sql_calls[[name]]
    if (length(arguments) %in% own$count) return(own$write(arguments, to, expr))
  }
  abort_untranslatable(expr)
}

translate_column <- function(expr, to) {
  name <- as.character(expr)
  type <- to$columns[[name]]$type
  quoted <- to$quote_name(name)
  switch(type,
    number = translation(number_column(quoted, to$columns[[name]]$nan, to$dialect), "number"),
    text = translation(to$dialect$text(quoted), "text"),
    logical = , date = translation(quoted, type),
    abort_untranslatable(expr, paste("of type", type))
  )
}

# In R "not a number" counts as missing; in a database it is a number that is above all others.
number_column <- function(quoted, nan, dialect) {
  own <- dialect$number(quoted)
  if (!nan || is.null(dialect$odd) || !dialect$odd_is_missing) return(own)
  paste0("CASE WHEN NOT (", sprintf(dialect$odd, quoted), ") THEN ", own, " END")
}

# Numbers, strings and truth values of the formula or from outside the data.
translate_constant <- function(expr, to) {
  value <- tryCatch(eval(expr, to$env), error = function(e) abort_untranslatable(expr))
  if (!is.atomic(value) || is.object(value) || length(value) != 1L || is.na(value)) {
    abort_untranslatable(expr)
  }
  if (is.logical(value)) return(translation(to$dialect$truth(value), "logical"))
  if (is.character(value)) return(translation(to$quote_text(enc2utf8(value)), "text"))
  if (!is.numeric(value) || !is.finite(value)) abort_untranslatable(expr)
  translation(sql_number(value, to), "number")
}

translation <- function(sql, type) list(sql = sql, type = type)

#' A number as the database will read it: 17 digits tell doubles apart
#' @noRd
sql_number <- function(value, to) to$dialect$number(exact_digits(value))

exact_digits <- function(value) {
  text <- sprintf("%.15g", value)
  if (as.numeric(text) != value) text <- sprintf("%.17g", value)
  # a decimal point or exponent makes it no integer, which might be too large
  if (!grepl("[.e]", text)) text <- paste0(text, ".0")
  if (value < 0) paste0("(", text, ")") else text
}

# --- types ---

as_number <- function(expr, to) {
  one <- translate(expr, to)
  switch(one$type,
    number = one$sql,
    logical = paste0("CASE WHEN ", one$sql, " THEN ", sql_number(1, to), " WHEN NOT (", one$sql,
      ") THEN ", sql_number(0, to), " END"
    ),
    abort_untranslatable(expr, paste("of type", one$type))
  )
}

as_condition <- function(expr, to) {
  one <- translate(expr, to)
  if (one$type != "logical") abort_untranslatable(expr, paste("of type", one$type))
  one$sql
}

# --- the list ---

product <- list(count = 2L, write = function(arguments, to, expr) {
  sides <- vapply(arguments, as_number, "", to)
  translation(paste0("(", sides[1L], " * ", sides[2L], ")"), "number")
})

signed <- function(operator) {
  list(count = 1:2, write = function(arguments, to, expr) {
    sides <- vapply(arguments, as_number, "", to)
    if (length(sides) == 1L) sides <- c("", sides)
    translation(paste0("(", sides[1L], " ", operator, " ", sides[2L], ")"), "number")
  })
}

# One function of one number.
numeric_function <- function(name) {
  list(count = 1L, write = function(arguments, to, expr) {
    translation(paste0(name, "(", as_number(arguments[[1L]], to), ")"), "number")
  })
}

# Where a function has no value databases have errors, or NULL. What is infinite in R is so here,
# and an error as there; what is no number in R is NULL, and the row is left out as there.
case_of <- function(conditions, values) {
  cases <- paste("WHEN", conditions, "THEN", values, collapse = " ")
  translation(paste("CASE", cases, "END"), "number")
}

constant_value <- function(expr, to) {
  if (any(all.vars(expr) %in% names(to$columns))) return(NULL)
  value <- tryCatch(eval(expr, to$env), error = function(e) NULL)
  if (is.numeric(value) && length(value) == 1L && is.finite(value)) value
}

quotient <- list(count = 2L, write = function(arguments, to, expr) {
  sides <- vapply(arguments, as_number, "", to)
  own <- paste0("(", sides[1L], " / ", sides[2L], ")")
  if ((constant_value(arguments[[2L]], to) %||% 0) != 0) return(translation(own, "number"))
  zero <- paste(sides[2L], "= 0 AND", sides[1L])
  infinity <- to$dialect$infinity
  case_of(
    c(paste(sides[2L], "<> 0"), paste(zero, "> 0"), paste(zero, "< 0")),
    c(own, infinity, paste0("-", infinity))
  )
})

square_root <- list(count = 1L, write = function(arguments, to, expr) {
  x <- as_number(arguments[[1L]], to)
  case_of(paste(x, ">= 0"), paste0("SQRT(", x, ")"))
})

# Beyond these limits values are zero, or no double.
exponential <- list(count = 1L, write = function(arguments, to, expr) {
  x <- as_number(arguments[[1L]], to)
  case_of(
    paste(x, c("< -745", "<= 709.78", "> 709.78")),
    c(sql_number(0, to), paste0("EXP(", x, ")"), to$dialect$infinity)
  )
})

logarithm <- function(base = NULL) {
  list(count = 1L, write = function(arguments, to, expr) {
    if (is.null(to$dialect$ln)) abort_untranslatable(expr)
    x <- as_number(arguments[[1L]], to)
    own <- paste0(to$dialect$ln, "(", x, ")")
    if (!is.null(base)) own <- paste0("(", own, " / ", sql_number(log(base), to), ")")
    case_of(paste(x, c("> 0", "= 0")), c(own, paste0("-", to$dialect$infinity)))
  })
}

comparison <- function(operator, only_equality = FALSE) {
  list(count = 2L, write = function(arguments, to, expr) {
    sides <- lapply(arguments, translate, to)
    types <- vapply(sides, `[[`, "", "type")
    # strings are in order by the locale of either side
    comparable <- types[1L] == types[2L] &&
      (types[1L] == "number" || (only_equality && types[1L] %in% c("text", "logical")))
    if (!comparable) abort_untranslatable(expr, paste(types, collapse = " and "))
    translation(paste0("(", sides[[1L]]$sql, " ", operator, " ", sides[[2L]]$sql, ")"), "logical")
  })
}

connective <- function(operator) {
  list(count = 2L, write = function(arguments, to, expr) {
    sides <- vapply(arguments, as_condition, "", to)
    translation(paste0("(", sides[1L], " ", operator, " ", sides[2L], ")"), "logical")
  })
}

transparent <- list(count = 1L, write = function(arguments, to, expr) {
  translate(arguments[[1L]], to)
})

power <- list(count = 2L, write = function(arguments, to, expr) {
  exponent <- constant_value(arguments[[2L]], to)
  if (is.null(exponent)) abort_untranslatable(expr, "an exponent that varies")
  base <- as_number(arguments[[1L]], to)
  if (exponent == 2) return(translation(paste0("(", base, " * ", base, ")"), "number"))
  own <- paste0("POWER(", base, ", ", sql_number(exponent, to), ")")
  whole <- exponent == round(exponent)
  if (whole && exponent >= 0) return(translation(own, "number"))
  at_zero <- if (exponent > 0) sql_number(0, to) else to$dialect$infinity
  case_of(paste(base, c(if (whole) "<> 0" else "> 0", "= 0")), c(own, at_zero))
})

# As R has them: the remainder has the sign of the divisor. Quotients by a part of one round as they
# like.
whole_quotient <- function(arguments, to, expr) {
  divisor <- constant_value(arguments[[2L]], to)
  if (is.null(divisor) || divisor == 0 || divisor != round(divisor)) {
    abort_untranslatable(expr, "a divisor that is no whole number")
  }
  sides <- vapply(arguments, as_number, "", to)
  list(sides = sides, sql = paste0("FLOOR(", sides[1L], " / ", sides[2L], ")"))
}

choice <- list(count = 3L, write = function(arguments, to, expr) {
  test <- as_condition(arguments[[1L]], to)
  sides <- lapply(arguments[2:3], translate, to)
  types <- vapply(sides, `[[`, "", "type")
  if (types[1L] != types[2L]) abort_untranslatable(expr, paste(types, collapse = " and "))
  translation(paste0("CASE WHEN ", test, " THEN ", sides[[1L]]$sql, " WHEN NOT (", test, ") THEN ",
    sides[[2L]]$sql, " END"
  ), types[1L])
})

# In R a missing value is in no set that has none.
membership <- list(count = 2L, write = function(arguments, to, expr) {
  own <- translate(arguments[[1L]], to)
  set <- tryCatch(eval(arguments[[2L]], to$env), error = function(e) abort_untranslatable(expr))
  constant <- !any(all.vars(arguments[[2L]]) %in% names(to$columns))
  if (!constant || !is.atomic(set) || is.object(set) || length(set) == 0L || anyNA(set)) {
    abort_untranslatable(expr)
  }
  fits <- (own$type == "number" && is.numeric(set)) || (own$type == "text" && is.character(set))
  if (!fits) abort_untranslatable(expr, paste("of type", own$type))
  values <- vapply(set, function(value) translate_constant(value, to)$sql, "")
  translation(paste0("(", own$sql, " IS NOT NULL AND ", own$sql, " IN (",
    paste(values, collapse = ", "), "))"
  ), "logical")
})

missingness <- list(count = 1L, write = function(arguments, to, expr) {
  translation(paste0("(", translate(arguments[[1L]], to)$sql, " IS NULL)"), "logical")
})

negation <- list(count = 1L, write = function(arguments, to, expr) {
  translation(paste0("(NOT ", as_condition(arguments[[1L]], to), ")"), "logical")
})

number_of <- list(count = 1L, write = function(arguments, to, expr) {
  translation(as_number(arguments[[1L]], to), "number")
})

sql_calls <- list(
  "(" = transparent, I = transparent, offset = transparent,
  "+" = signed("+"), "-" = signed("-"), "*" = product, "/" = quotient, "^" = power,
  "%/%" = list(count = 2L, write = function(arguments, to, expr) {
    translation(whole_quotient(arguments, to, expr)$sql, "number")
  }),
  "%%" = list(count = 2L, write = function(arguments, to, expr) {
    whole <- whole_quotient(arguments, to, expr)
    part <- paste0(whole$sides[2L], " * ", whole$sql)
    translation(paste0("(", whole$sides[1L], " - ", part, ")"), "number")
  }),
  sqrt = square_root, exp = exponential, abs = numeric_function("ABS"),
  floor = numeric_function("FLOOR"), ceiling = numeric_function("CEIL"),
  log = logarithm(), log2 = logarithm(2), log10 = logarithm(10),
  as.numeric = number_of, as.double = number_of,
  "==" = comparison("=", TRUE), "!=" = comparison("<>", TRUE), "<" = comparison("<"),
  "<=" = comparison("<="), ">" = comparison(">"), ">=" = comparison(">="),
  "&" = connective("AND"), "|" = connective("OR"), "!" = negation, "%in%" = membership,
  is.na = missingness, ifelse = choice
)

# --- dialects ---

#' How a kind of database writes what they write differently
#'
#' @param name "postgres", "sqlite", or one of those whose text only is tested. All compare strings
#'   bytewise: where `'a' = 'A'`, levels would be one.
#' @return list(`number`, `text` (functions of SQL text), `truth`, `ln` (the natural logarithm's
#'   name, NULL if unknown), `infinity` (a literal), `odd` (format: is a value of a column no
#'   number? NULL where all are), `odd_is_missing` (does such a value count as missing, or is it an
#'   error?), `odd_is_largest` (is it above all others?), `quotes`).
#' @noRd
sql_dialect <- function(name) {
  own <- sql_dialects[[name]]
  c(own, list(
    name = name,
    number = function(sql) paste0("CAST(", sql, " AS ", own$double, ")"),
    text = function(sql) {
      if (is.null(own$string)) sql else paste0("CAST(", sql, " AS ", own$string, ")")
    },
    truth = function(value) own$truths[2L - value]
  ))
}

# `string`: for types that compare otherwise than bytewise.
sql_dialects <- list(
  postgres = list(
    double = "double precision", string = "text", truths = c("TRUE", "FALSE"), ln = "LN",
    infinity = "CAST('Infinity' AS double precision)",
    odd = "%s = CAST('NaN' AS double precision)", odd_is_missing = TRUE,
    odd_is_largest = TRUE, quotes = c("\"", "\"")
  ),
  # any column may hold text, which a cast would make 0
  sqlite = list(
    double = "REAL", truths = c("1", "0"), infinity = "9e999", quotes = c("\"", "\""),
    odd = "typeof(%s) NOT IN ('integer', 'real', 'null')", odd_is_missing = FALSE
  ),
  duckdb = list(
    double = "DOUBLE", truths = c("TRUE", "FALSE"), ln = "LN",
    infinity = "CAST('Infinity' AS DOUBLE)", odd = "isnan(%s)",
    odd_is_missing = TRUE, quotes = c("\"", "\"")
  ),
  snowflake = list(
    double = "DOUBLE", truths = c("TRUE", "FALSE"), ln = "LN",
    infinity = "CAST('inf' AS DOUBLE)", odd = "%s = CAST('NaN' AS DOUBLE)",
    odd_is_missing = TRUE, quotes = c("\"", "\"")
  ),
  spark = list(
    double = "DOUBLE", truths = c("TRUE", "FALSE"), ln = "LN",
    infinity = "CAST('Infinity' AS DOUBLE)", odd = "isnan(%s)",
    odd_is_missing = TRUE, quotes = c("`", "`")
  )
)
