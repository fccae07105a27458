# Numbers as a report shows them: strings with the decimal mark of `getOption("OutDec")`.

# Decimals, and no sign of a zero. Numbers that would be too long are in scientific notation.
fixed_text <- function(x, decimals) {
  decimals <- rep_len(decimals, length(x))
  decimals[is.na(decimals)] <- 0L
  long <- is.finite(x) & (abs(x) >= 1e9 | decimals > 8L)
  text <- mapply(function(x, decimals, long) {
    if (long) formatC(x, digits = 3L, format = "g") else formatC(x, decimals, format = "f")
  }, as.double(x), decimals, long, USE.NAMES = FALSE)
  text <- as.character(text)
  negative_zero <- grepl("^-[0.,]*$", text)
  text[negative_zero] <- substring(text[negative_zero], 2L)
  text[is.na(x)] <- "NA"
  text
}

# Estimates to `digits` decimals at least, and to two significant digits of their standard errors
# (four of their own where there is none).
estimate_text <- function(estimate, se = NULL, digits = 2L) {
  fixed_text(estimate, estimate_decimals(estimate, se, digits))
}

estimate_decimals <- function(estimate, se, digits) {
  se <- se %||% rep(NA_real_, length(estimate))
  known <- is.finite(se) & se > 0
  wanted <- ifelse(known, 1 - decimal_exponent(se), 3 - decimal_exponent(estimate))
  pmax(digits, wanted)
}

# The power of ten of the first digit; 3 of a zero, which has none.
decimal_exponent <- function(x) {
  x <- abs(x)
  has_digits <- is.finite(x) & x > 0
  exponent <- rep(3, length(x))
  exponent[has_digits] <- floor(log10(x[has_digits]))
  exponent
}

# Four significant digits.
significant_text <- function(x) fixed_text(x, pmax(0, 3 - decimal_exponent(x)))

# Degrees of freedom: whole ones without decimals, small ones with two.
df_text <- function(df) {
  whole <- is.finite(df) & abs(df - round(df)) <= 1e-6 * abs(df)
  fixed_text(df, ifelse(whole | abs(df) >= 1e4, 0L, ifelse(abs(df) < 10, 2L, 1L)))
}

#' p-values by the rules of the APA
#'
#' @param p numeric.
#' @param smallest numeric, one for each or one for all: what smaller ones are below of.
#' @return character: "< .001", ".025", "> .999" for less than 1, "1".
#' @noRd
p_text <- function(p, smallest = 0.001) {
  # what a simulation resolves, rounded up
  smallest <- rep_len(pmax(0.001, ceiling(smallest * 1000 - 1e-9) / 1000), length(p))
  text <- without_zero(fixed_text(p, 3L))
  is_small <- !is.na(p) & p < smallest
  limits <- vapply(smallest, formatC, "", format = "fg")
  text[is_small] <- paste("<", without_zero(limits[is_small]))
  text[!is.na(p) & p >= 0.9995] <- paste(">", without_zero(fixed_text(0.999, 3L)))
  text[p %in% 1] <- "1"
  text
}

# Numbers that cannot be larger than one have no zero before the decimal mark.
without_zero <- function(text) sub("^(-?)0(?=[^0-9])", "\\1", text, perl = TRUE)

# "= .025", as a sentence has it.
with_relation <- function(text) ifelse(grepl("^[<>]", text), text, paste("=", text))

# "[7.21, 13.73]"; a decimal comma needs another separator.
interval_text <- function(lower, upper, decimals, write = fixed_text) {
  text <- paste0("[", write(lower, decimals), list_separator(), write(upper, decimals), "]")
  text[is.na(lower) & is.na(upper)] <- "NA"
  text
}

list_separator <- function() if (getOption("OutDec") == ",") "; " else ", "

percent_text <- function(level) paste0(format(100 * level, digits = 4L), "%")
