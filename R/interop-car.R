# Methods on the generics of package car, registered when it is loaded. Tables have the shape that
# car gives for fits by lme4; its own default methods take coef(), which has a row for each group.
#
# Notation: L, one row for each contrast of the kept coefficients beta; V, their covariance.

#' What package car does with a fit
#'
#' `car::Anova()`, `linearHypothesis()`, `deltaMethod()`, `vif()` and `Confint()` on fits by
#' [lmm()], in the shape and with the numbers that car gives for fits by lme4. `car::Boot()` and
#' `car::S()` say what to use instead.
#'
#' @section Tests: Chi-squared tests are Wald's, \eqn{(L\hat\beta - r)' (L V L')^{-1} (L\hat\beta -
#'   r)}{(L beta_hat - r)' (L V L')^-1 (L beta_hat - r)}, with \eqn{V} the covariance of the fixed
#'   effects taken as known: they reject too often where groups are few. F tests have the
#'   denominator degrees of freedom of `ddf`; Kenward and Roger's, the default because it is
#'   car's, needs a fit by REML.
#'
#'   Type II tests a term after those that do not contain it: its contrasts are uncorrelated, under
#'   \eqn{V}, with the coefficients of the terms that contain it. [anova()][anova.henderson_lmm]
#'   makes them orthogonal by \eqn{X'X}, as lmerTest does: the same where the data are balanced and
#'   where no term contains another. Type III tests a term's own coefficients, intercept included,
#'   which for a term that others contain is a sensible hypothesis only with contrasts that sum to
#'   zero ([contr.sum()]); type III of [anova()][anova.henderson_lmm] does not depend on the coding.
#' @section Other functions of car: its plots of influence, residuals and added variables, its
#'   tests of outliers and of constant variance, and its table of several models' coefficients are
#'   for ordinary linear models and stop with an error: see [influence()][influence.henderson_lmm]
#'   and [plot()][plot.henderson_lmm].
#' @param mod,model,object A fit by [lmm()].
#' @param type For `Anova`, `"II"` (or 2) or `"III"` (or 3).
#' @param test.statistic,test `"Chisq"` or `"F"`.
#' @param vcov. `NULL`, or a p x p covariance matrix of the fixed effects to use instead of the
#'   fit's, or a function of the fit that gives one; for chi-squared tests only, as degrees of
#'   freedom are those of the fit's own covariance.
#' @param ddf One string: how denominator degrees of freedom of F tests are found,
#'   `"Kenward-Roger"`, `"Satterthwaite"` or `"expected"`, as in [summary()][summary.henderson_lmm].
#' @param singular.ok One logical: are coefficients tested although columns of the model matrix
#'   were dropped? The tests are then those of the model without them.
#' @param hypothesis.matrix A numeric matrix with a column for each coefficient (a vector for one
#'   row), or hypotheses in characters, `"Days = 10"`, as documented by car.
#' @param rhs Numeric: the right-hand sides; `NULL` for zero.
#' @param verbose One logical: are the contrasts and their estimates printed as well?
#' @param g. One string: a function of the coefficients, in R's syntax.
#' @param parameterNames Character vector (p): what `g.` calls the coefficients.
#' @param parm,level For `Confint`, the coefficients, and the coverage of the limits.
#' @param ... For `deltaMethod`, arguments of car's own method for vectors (`func`, `constants`,
#'   `level`, `rhs`); in `Anova`, `test` stands for `test.statistic`, as it does in car; otherwise
#'   nothing, an argument that is not known is an error.
#' @return `Anova`: a data frame of class `c("anova", "data.frame")`, one row for each term, columns
#'   `Chisq`, `Df`, `Pr(>Chisq)` or `F`, `Df`, `Df.res`, `Pr(>F)`. `linearHypothesis`: one of two
#'   rows as car gives it, with attributes `value` and `vcov`, estimate minus `rhs` and covariance.
#'   `deltaMethod`: a data frame of estimate, standard error and normal limits. `vif`: a numeric
#'   vector with one value for each term, or, if a term has several columns, a matrix with columns
#'   `GVIF`, `Df` and `GVIF^(1/(2*Df))`. `Confint`: a matrix of estimates and normal limits
#'   ([contrast_test()] has those with degrees of freedom).
#' @section Errors: `henderson_error_argument` for anything malformed, `vif` of fewer than two
#'   terms, and a model without terms to test; `henderson_error_rank` for `singular.ok = FALSE` and
#'   dropped columns; `henderson_error_unsupported` for `Boot` and `S`.
#' @source Fox and Weisberg (2019), *An R Companion to Applied Regression*, 3rd ed., section 5.3
#'   (types of tests) and 5.1.4 (delta method); Fox and Monette (1992), *Journal of the American
#'   Statistical Association* 87, 178-183 (`vif`).
#' @seealso [interoperability] for other packages.
#' @examples
#' fit <- lmm(yield ~ gen * fung + (1 | block / fung), durban.splitplot)
#' if (requireNamespace("car", quietly = TRUE)) {
#'   car::Anova(fit)
#'   car::Anova(fit, test.statistic = "F", ddf = "Satterthwaite")
#'   car::linearHypothesis(fit, c("genG02 = 0", "genG03 = genG04"))
#' }
#' @name car_support
NULL

#' @rdname car_support
#' @exportS3Method car::Anova
Anova.henderson_lmm <- function(mod, type = c("II", "III", 2, 3),
                                test.statistic = c("Chisq", "F"), vcov. = NULL, singular.ok,
                                ddf = "Kenward-Roger", ...) {
  check_caller_dots(..., tolerated = "test")
  type <- check_car_type(type)
  statistic <- check_choice(test.statistic, c("Chisq", "F"))
  covariance <- tested_covariance(mod, vcov., statistic, ddf)
  singular_ok <- if (missing(singular.ok)) type == "II" else check_flag(singular.ok)
  if (!singular_ok) refuse_dropped(mod)
  contrasts <- car_contrasts(mod, type, covariance)
  if (length(contrasts) == 0L) {
    abort("The model has no term of fixed effects that could be tested.",
      kind = "argument", variable = "mod"
    )
  }
  tests <- lapply(contrasts, function(L) {
    if (nrow(L) == 0L) return(c(NA_real_, 0, NA_real_, NA_real_))
    car_test(mod, L, 0, statistic, ddf, if (!is.null(vcov.)) covariance)
  })
  table <- do.call(rbind, tests)
  if (statistic == "Chisq") table <- table[, -3L, drop = FALSE]
  table <- data.frame(table, row.names = names(contrasts))
  names(table) <- c(statistic, "Df", if (statistic == "F") "Df.res", paste0("Pr(>", statistic, ")"))
  kind <- if (statistic == "F") paste("F tests with", ddf_method(ddf), "df") else "chisquare tests"
  response <- expression_text(mod$parsed$formula[[2L]])
  structure(table, class = c("anova", "data.frame"), heading = c(
    sprintf("Analysis of Deviance Table (Type %s Wald %s)\n", type, kind),
    paste("Response:", response)
  ))
}

check_car_type <- function(type) {
  if (length(type) == 1L && type %in% c("I", "1")) {
    abort("car has no tests of type I; {.code anova(fit, type = \"I\")} has.",
      kind = "argument", variable = "type", observed = type
    )
  }
  choices <- c("II", "III", "2", "3")
  type <- check_choice(as.character(type), choices, "type")
  if (type %in% c("III", "3")) "III" else "II"
}

# The covariance that tests are by; `given` is NULL or what the user gave.
tested_covariance <- function(fit, given, statistic, ddf) {
  if (is.null(given)) {
    return(if (statistic == "F") contrast_covariance(fit, car_ddf(ddf)) else fit$vcov)
  }
  if (statistic == "F") {
    abort(c(
      "{.arg vcov.} is for chi-squared tests.",
      "x" = "Degrees of freedom of F tests belong to the fit's own covariance."
    ), kind = "argument", variable = "vcov.")
  }
  given_covariance(fit, given, "vcov.")
}

car_ddf <- function(ddf) {
  method <- ddf_method(ddf)
  if (method == "none") {
    abort("F tests need degrees of freedom; without them use {.code test = \"Chisq\"}.",
      kind = "argument", variable = "ddf", observed = ddf
    )
  }
  method
}

refuse_dropped <- function(fit) {
  if (length(fit$dropped) == 0L) return(invisible(NULL))
  dropped <- fit$dropped
  abort(c(
    "{length(dropped)} column{?s} of the model matrix {?was/were} dropped: {.val {dropped}}.",
    "i" = "{.code singular.ok = TRUE} tests the model of the other columns; {.fn contrast_test}
           knows which contrasts can be estimated."
  ), kind = "rank", variable = "singular.ok", observed = dropped)
}

# c(statistic, df, denominator df, p). `covariance`: NULL for the fit's own.
car_test <- function(fit, L, rhs, statistic, ddf, covariance) {
  if (statistic == "F") {
    test <- contrast_joint(fit, L, car_ddf(ddf), rhs)
    return(as.numeric(c(test$f_value, test$num_df, test$den_df, test$p_value)))
  }
  if (is.null(covariance)) {
    test <- contrast_joint(fit, L, "none", rhs)
    value <- test$f_value * test$num_df
    df <- as.numeric(test$num_df)
  } else {
    test <- wald_statistic(fit, L, covariance, rhs)
    value <- test$value
    df <- test$rank
  }
  if (is.nan(value)) value <- NA_real_
  c(value, df, Inf, stats::pchisq(value, df, lower.tail = FALSE))
}

# One matrix for each term, of no rows if its columns were dropped. Type III has the intercept too.
car_contrasts <- function(fit, type, covariance) {
  terms <- fit$terms
  labels <- attr(terms, "term.labels")
  identity <- diag(nrow = length(fit$beta))
  columns <- columns_by_term(fit$assign, length(labels))
  containing <- if (type == "II") containing_variables(terms)
  contrasts <- lapply(seq_along(labels), function(term) {
    own <- columns[[term]]
    L <- identity[own, , drop = FALSE]
    larger <- unlist(columns[containing[[term]]])
    if (length(own) > 0L && length(larger) > 0L) {
      L[, larger] <- -regression_on(covariance, own, larger)
    }
    L
  })
  names(contrasts) <- utf8_names(labels)
  if (type == "III" && attr(terms, "intercept") == 1L) {
    intercept <- identity[fit$assign == 0L, , drop = FALSE]
    contrasts <- c(list("(Intercept)" = intercept), contrasts)
  }
  contrasts
}

# Cov(own, others) Cov(others)^-1, by the correlations, which do not depend on units.
regression_on <- function(covariance, own, others) {
  error <- sqrt(diag(covariance))
  correlation <- covariance / tcrossprod(error)
  slopes <- qr.coef(
    qr(correlation[others, others, drop = FALSE]), correlation[others, own, drop = FALSE]
  )
  slopes[is.na(slopes)] <- 0
  t(slopes * outer(1 / error[others], error[own]))
}

# Terms that have all variables of each term, and more: car's rule, which makes no difference
# between factors and covariates.
containing_variables <- function(terms) {
  used <- attr(terms, "factors") > 0
  lapply(seq_along(attr(terms, "term.labels")), function(term) {
    setdiff(which(colSums(used[used[, term], , drop = FALSE]) == sum(used[, term])), term)
  })
}

#' @rdname car_support
#' @exportS3Method car::linearHypothesis
linearHypothesis.henderson_lmm <- function(model, hypothesis.matrix, rhs = NULL,
                                           test = c("Chisq", "F"), vcov. = NULL,
                                           singular.ok = FALSE, verbose = FALSE,
                                           ddf = "Kenward-Roger", ...) {
  check_no_dots(...)
  test <- check_choice(test, c("Chisq", "F"))
  check_flag(verbose)
  if (!check_flag(singular.ok)) refuse_dropped(model)
  hypothesis <- car_hypothesis(model, hypothesis.matrix, rhs)
  L <- hypothesis$L
  rhs <- hypothesis$rhs
  covariance <- tested_covariance(model, vcov., test, ddf)
  value <- L %*% model$beta - rhs
  if (verbose) write_hypothesis(L, rhs, value)
  tested <- car_test(model, L, rhs, test, ddf, if (!is.null(vcov.)) covariance)
  table <- if (test == "F") {
    data.frame(
      c(tested[3L] + tested[2L], tested[3L]), c(NA, tested[2L]), c(NA, tested[1L]),
      c(NA, tested[4L])
    )
  } else {
    data.frame(c(NA, tested[2L]), c(NA, tested[1L]), c(NA, tested[4L]))
  }
  names(table) <- c(if (test == "F") "Res.Df", "Df", test, paste0("Pr(>", test, ")"))
  heading <- c(
    "Linear hypothesis test\n\nHypothesis:", car::printHypothesis(L, rhs, names(model$beta)), "",
    paste0("Model 1: restricted model\nModel 2: ", expression_text(formula.henderson_fit(model))),
    if (is.null(vcov.)) "" else "\nNote: Coefficient covariance matrix supplied.\n"
  )
  structure(table,
    heading = heading, class = c("anova", "data.frame"), row.names = c("1", "2"), value = value,
    vcov = L %*% covariance %*% t(L)
  )
}

# list(L, rhs), L with a column for each kept coefficient.
car_hypothesis <- function(fit, hypothesis, rhs) {
  if (is.character(hypothesis)) {
    L <- rbind(car::makeHypothesis(names(fit$beta), hypothesis, rhs))
    last <- ncol(L)
    rownames(L) <- hypothesis
    return(list(L = L[, -last, drop = FALSE], rhs = unname(L[, last])))
  }
  L <- contrast_matrix(fit, hypothesis)
  rhs <- if (is.null(rhs)) 0 else check_numeric(rhs)
  if (!length(rhs) %in% c(1L, nrow(L))) {
    abort("{.arg rhs} must hold 1 or {nrow(L)} numbers, not {length(rhs)}.",
      kind = "argument", variable = "rhs", observed = length(rhs)
    )
  }
  list(L = L, rhs = rep_len(rhs, nrow(L)))
}

write_hypothesis <- function(L, rhs, value) {
  cat("\nHypothesis matrix:\n")
  print(L)
  cat("\nRight-hand side vector:\n")
  print(rhs)
  cat("\nEstimated linear function (hypothesis matrix %*% coefficients - rhs)\n")
  print(drop(value))
  cat("\n")
}

#' @rdname car_support
#' @exportS3Method car::deltaMethod
deltaMethod.henderson_lmm <- function(object, g., vcov. = NULL,
                                      parameterNames = names(fixef(object)), ...) {
  estimates <- object$beta
  if (!is.character(parameterNames) || length(parameterNames) != length(estimates)) {
    abort("{.arg parameterNames} must hold {length(estimates)} strings.",
      kind = "argument", variable = "parameterNames", observed = parameterNames
    )
  }
  names(estimates) <- parameterNames
  covariance <- if (is.null(vcov.)) {
    known_covariance(object)
  } else {
    given_covariance(object, vcov., "vcov.")
  }
  car::deltaMethod(estimates, g., covariance, ...)
}

#' @rdname car_support
#' @exportS3Method car::vif
vif.henderson_lmm <- function(mod, ...) {
  check_no_dots(...)
  # 0 is the intercept
  slopes <- mod$assign > 0L
  assign <- mod$assign[slopes]
  terms <- labels.henderson_fit(mod)
  used <- sort(unique(assign))
  if (length(used) < 2L) {
    abort("Variance inflation needs two terms of fixed effects; the fit has {length(used)}.",
      kind = "argument", variable = "mod", observed = terms[used]
    )
  }
  correlation <- covariance_to_correlation(known_covariance(mod)[slopes, slopes, drop = FALSE])
  log_det <- function(columns) {
    as.numeric(determinant(correlation[columns, columns, drop = FALSE])$modulus)
  }
  gvif <- vapply(used, function(term) {
    exp(log_det(assign == term) + log_det(assign != term) - log_det(TRUE))
  }, 0)
  sizes <- as.vector(table(assign))
  names(gvif) <- terms[used]
  if (all(sizes == 1L)) return(gvif)
  cbind(GVIF = gvif, Df = sizes, `GVIF^(1/(2*Df))` = gvif^(1 / (2 * sizes)))
}

#' @rdname car_support
#' @exportS3Method car::Confint
Confint.henderson_lmm <- function(object, parm = names(fixef(object)), level = 0.95, ...) {
  check_no_dots(...)
  check_level(level)
  estimates <- object$beta
  errors <- sqrt(diag(known_covariance(object)))
  tails <- c((1 - level) / 2, (1 + level) / 2)
  limits <- cbind(estimates, estimates + errors %o% stats::qnorm(tails))
  dimnames(limits) <- list(names(estimates), c("Estimate", paste(100 * tails, "%")))
  limits[parm, , drop = FALSE]
}

#' @rdname car_support
#' @exportS3Method car::Boot
Boot.henderson_lmm <- function(object, ...) {
  no_method("car::Boot", c(
    "It would draw rows, and break the groups.", "Use {.code bootstrap(fit)}."
  ))
}

#' @rdname car_support
#' @exportS3Method car::S
S.henderson_lmm <- function(object, ...) {
  no_method("car::S", "Use {.code summary(fit)}.")
}
