# Methods on the generics of lme4, registered when lme4 is loaded, and the import of lme4's fits.
# isSingular() and devfun are no generics in lme4 1.1-31: is_singular() and deviance_function()
# stand for them.

#' lme4's generics on fits of this package
#'
#' When lme4 is loaded, its functions `getME`, `isREML`, `ngrps`, `rePCA`, `refit` and `refitML`
#' work on fits by [lmm()]. They do what [component()], [is_reml()], [n_groups()], [random_pca()]
#' (in lme4's class), [refit_response()] and [refit_ml()] do. `isLMM` is `TRUE`, `isGLMM` and
#' `isNLMM` are `FALSE`.
#'
#' @param object,x A fit by [lmm()].
#' @param name As for [component()].
#' @param newresp As for [refit_response()]; when missing, the fit's own response. It may have a
#'   value for each row that was left out for missing values too, as `bootMer()` gives it.
#' @param control Unused; `bootMer()` gives lme4's.
#' @param ... Nothing; an argument that is not known is an error.
#' @return As the functions named above.
#' @section Errors: as the functions named above.
#' @examples
#' fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
#' if (requireNamespace("lme4", quietly = TRUE)) lme4::getME(fit, "theta")
#' @name lme4_generics
NULL

#' @rdname lme4_generics
#' @exportS3Method lme4::getME
getME.henderson_lmm <- function(object, name, ...) {
  check_no_dots(...)
  component(object, name)
}

#' @rdname lme4_generics
#' @exportS3Method lme4::isREML
isREML.henderson_lmm <- function(x, ...) {
  check_no_dots(...)
  is_reml(x)
}

#' @rdname lme4_generics
#' @exportS3Method lme4::isLMM
isLMM.henderson_lmm <- function(x, ...) {
  check_no_dots(...)
  TRUE
}

#' @rdname lme4_generics
#' @exportS3Method lme4::isGLMM
isGLMM.henderson_lmm <- function(x, ...) {
  check_no_dots(...)
  FALSE
}

#' @rdname lme4_generics
#' @exportS3Method lme4::isNLMM
isNLMM.henderson_lmm <- function(x, ...) {
  check_no_dots(...)
  FALSE
}

#' @rdname lme4_generics
#' @exportS3Method lme4::ngrps
ngrps.henderson_lmm <- function(object, ...) {
  check_no_dots(...)
  n_groups(object)
}

#' @rdname lme4_generics
#' @exportS3Method lme4::refit
refit.henderson_lmm <- function(object, newresp, control = NULL, ...) {
  check_no_dots(...)
  if (missing(newresp)) newresp <- model_response(object)
  omitted <- object$na.action
  if (length(omitted) > 0L && length(newresp) == length(object$fitted) + length(omitted)) {
    newresp <- newresp[-omitted]
  }
  refit_response(object, newresp)
}

#' @rdname lme4_generics
#' @exportS3Method lme4::refitML
refitML.henderson_lmm <- function(x, ...) {
  check_no_dots(...)
  refit_ml(x)
}

#' @rdname lme4_generics
#' @exportS3Method lme4::rePCA
rePCA.henderson_lmm <- function(x) {
  inform_unknown("Some components are NA or of one of many possible fits.", x)
  components <- lapply(unclass(random_pca(x)), function(pca) {
    pca$supported <- NULL
    pca
  })
  structure(components, class = "prcomplist")
}

#' A fit by lme4 as a fit of this package
#'
#' Takes the formula, model frame (with weights and offset), contrasts, criterion and covariance
#' parameters of a fit by `lme4::lmer()` and evaluates or fits the same model here.
#'
#' @param m A fit by `lme4::lmer()` or `lmerTest::lmer()`.
#' @param optimizer One string: `"none"` evaluates the model at lme4's parameters, so that
#'   estimates agree to rounding; any other as in [lmm_control()] starts there and optimizes.
#' @param ... Nothing; an argument that is not known is an error.
#' @return A fit by [lmm()]; at lme4's parameters `fit$optimization$converged` is `NA`, as nothing
#'   was searched for. Whatever is fitted from it later on, by [refit_ml()] for example, is
#'   optimized.
#' @section Errors: `henderson_error_argument` for any other object; `henderson_error_unsupported`
#'   for a random term or covariance structure that cannot be reproduced; those of [lmm()].
#' @section Contrasts: lme4 1.1 uses its argument `contrasts` for the fixed part only. The left-hand
#'   sides of an imported fit keep lme4's coding, in predictions and refits too; [update()]
#'   evaluates the call by [lmm()], where `contrasts` serve the left-hand sides as well.
#' @section Refits: of a fit by `lme4::refit()` the data have another response. Where all else is
#'   what the data give, new variables of [update()] and [add1()] come from them, with a message.
#' @section Diagonal terms: `(x || g)` in lme4 is a term for every column, and is imported as lme4
#'   has it.
#' @examples
#' if (requireNamespace("lme4", quietly = TRUE)) {
#'   m <- lme4::lmer(Reaction ~ Days + (Days | Subject), sleepstudy)
#'   as_lmm(m)
#' }
#' @export
as_lmm <- function(m, optimizer = "none", ...) {
  check_no_dots(...)
  check_supplied(m)
  if (!inherits(m, "lmerMod")) {
    given <- describe_value(m)
    abort("{.arg m} must be a fit by {.fn lme4::lmer}, not {given}.",
      kind = "argument", variable = "m", observed = class(m)
    )
  }
  optimizer <- check_choice(optimizer, optimizers)
  control <- lmm_control(optimizer = optimizer)
  parsed <- parse_formula(stats::formula(m))
  frame <- lme4_frame(m, parsed)
  contrasts <- attr(lme4::getME(m, "X"), "contrasts")
  imported <- lme4_random(m, parsed, frame, contrasts, unchecked(control))
  parsed <- imported$parsed
  call <- m@call
  call[[1L]] <- quote(lmm)
  call[setdiff(names(call), c("", names(formals(lmm))))] <- NULL
  call[c("control", "start")] <- NULL
  fit <- fit_from_frame(
    parsed, frame, lme4::isREML(m), contrasts, control, imported$theta, call
  )
  # what is fitted from this fit later on is optimized
  fit$control <- lmm_control()
  found <- data_of_call(fit)
  response <- names(fit$frame)[1L]
  if (identical(found$variable, utf8_names(response)) && is_refitted(m)) {
    fit$frame <- refitted_frame(fit)
    found <- data_of_call(fit)
  }
  attr(fit$frame, "all_levels") <- lme4_levels(fit, found$data)
  # from now on it is known what the data were
  if (found$status == "same") {
    attr(fit$terms, "raw_sums") <- raw_sums(fit$frame, found$data, own_arguments(fit), found$env)
  } else {
    # it may be that of lme4's refit(), which the data do not have
    attr(fit$frame, "doubtful_response") <- TRUE
  }
  fit
}

# Did lme4's refit() give the response? It writes it into the frame, which gets its class once more,
# after the formula that lmer() adds last.
is_refitted <- function(m) {
  order <- match(c("formula", "class"), names(attributes(m@frame)))
  !anyNA(order) && order[1L] < order[2L]
}

# The frame of a fit by refit() with the response that the data have as the one that was replaced,
# if all else is what the data give.
refitted_frame <- function(fit) {
  env <- environment(fit$parsed$formula)
  given <- tryCatch(
    suppressWarnings(suppressMessages(
      model_frame(all_variables(fit), eval(fit$call$data, env), own_arguments(fit), env)
    )),
    error = function(condition) NULL
  )
  if (!identical(nrow(given), nrow(fit$frame))) return(fit$frame)
  name <- names(fit$frame)[1L]
  response <- fit$frame[[name]]
  changed <- fit
  changed$frame[[name]] <- given[[name]]
  changed$frame <- replace_column(changed$frame, name, response)
  if (data_of_call(changed)$status != "same") return(fit$frame)
  attr(changed$frame, "doubtful_response") <- TRUE
  changed$frame
}

# Levels of the data that lme4's frame does not have: a list by column, where the data are those of
# the fit.
lme4_levels <- function(fit, data) {
  if (!is.list(data)) return(NULL)
  all_levels <- lapply(unclass(data)[intersect(names(fit$frame), names(data))], levels)
  dropped <- vapply(names(all_levels), function(name) {
    !identical(all_levels[[name]], levels(fit$frame[[name]]))
  }, TRUE)
  Filter(Negate(is.null), all_levels[dropped])
}

# lme4's model frame, with what `model_frame()` would have added.
lme4_frame <- function(m, parsed) {
  frame <- stats::model.frame(m)
  attr(frame, "terms") <- lme4_terms_object(frame, parsed)
  attr(frame, "fixed_terms") <- fixed_terms(parsed, frame, frame)
  frame
}

# The frame's terms with the `predvars` lme4 stored, variables matched by name.
lme4_terms_object <- function(frame, parsed) {
  old <- attr(frame, "terms")
  terms <- stats::terms.formula(parsed$frame_formula)
  names <- variable_names(terms)
  position <- match(names, variable_names(old))
  attr(terms, "predvars") <- attr(old, "predvars")[c(1L, position + 1L)]
  attr(terms, "dataClasses") <- attr(old, "dataClasses")[names]
  terms
}

# lme4's coding of the left-hand sides and its theta.
#
# lme4 1.1 codes left-hand sides by `options("contrasts")` as they were at the fit, and does not say
# how: of several codings the one is taken that gives its matrix Z.
# Returns list(`parsed`, whose random terms have their `contrasts`; `theta`, in our order).
lme4_random <- function(m, parsed, frame, contrasts, control) {
  theirs <- lme4_terms(m)
  for (coding in lme4_codings(parsed, frame, contrasts)) {
    parsed$random <- lapply(parsed$random, function(term) {
      term$contrasts <- coding
      term
    })
    random <- model_design(parsed, frame, contrasts, control)$random
    position <- vapply(random, position_of_term, 1L, terms = theirs)
    if (!anyNA(position)) break
  }
  if (anyNA(position)) abort_lme4_term(random[[which(is.na(position))[1L]]], theirs)
  theta <- numeric(length(theta_names(random)))
  for (k in seq_along(random)) {
    theta[random[[k]]$theta_index] <- theirs[[position[k]]]$theta
  }
  list(parsed = keep_codings(parsed, random), theta = theta)
}

# The terms of lme4's fit: list of list(`group`, `columns`, `z` (n x v), `theta`).
lme4_terms <- function(m) {
  theta <- unname(lme4::getME(m, "theta"))
  columns <- lme4::getME(m, "cnms")
  first <- lme4::getME(m, "Gp")
  Zt <- lme4::getME(m, "Zt")
  sizes <- lengths(columns)
  last <- cumsum(sizes * (sizes + 1L) / 2L)
  if (last[length(last)] != length(theta)) {
    abort(c(
      "{.arg m} has covariance structures that cannot be imported.",
      "x" = "It has {length(theta)} covariance parameter{?s}, unstructured covariance matrices of
             its terms have {last[length(last)]}."
    ), kind = "unsupported", variable = "m", observed = length(theta))
  }
  lapply(seq_along(columns), function(t) {
    v <- sizes[[t]]
    rows <- seq.int(first[t] + 1L, first[t + 1L])
    z <- vapply(seq_len(v), function(column) {
      Matrix::colSums(Zt[rows[(seq_along(rows) - 1L) %% v + 1L == column], , drop = FALSE])
    }, numeric(ncol(Zt)))
    size <- v * (v + 1L) / 2L
    list(
      group = names(columns)[t], columns = columns[[t]], z = unname(z),
      theta = theta[last[t] - size + seq_len(size)]
    )
  })
}

# Codings that lme4 may have used, as `contrasts` of a random term: those of the options now, of the
# fixed part, and the usual ones.
lme4_codings <- function(parsed, frame, contrasts) {
  coded <- contrast_variables(parsed, frame)
  usual <- lapply(c("contr.treatment", "contr.sum", "contr.helmert"), function(coding) {
    lapply(stats::setNames(nm = coded), function(name) {
      if (is.ordered(frame[[name]])) "contr.poly" else coding
    })
  })
  c(list(list(), as.list(contrasts)), if (length(coded)) usual)
}

# Which of lme4's terms has this group, these columns and this z? NA if none.
position_of_term <- function(term, terms) {
  same <- vapply(terms, function(other) {
    identical(group_key(other$group), group_key(term$group)) &&
      identical(other$columns, term$columns) &&
      length(other$theta) == length(term$theta_index) &&
      isTRUE(all.equal(as.vector(term$z %||% rep(1, nrow(other$z))), as.vector(other$z)))
  }, TRUE)
  which(same)[1L]
}

# What names of one factor have in common: lme4 1.1 writes `c:(b:a)`, 2.1 `c:b:a`, and they order
# the factors of `a/(b:c)` differently.
group_key <- function(name) sort_interaction(gsub("[()]", "", name))

# The coding of every random term as part of the formula that the fit keeps, so that later options
# do not change it. Left-hand sides without factors have none.
keep_codings <- function(parsed, random) {
  texts <- vapply(random, `[[`, "", "text")
  parsed$random <- lapply(parsed$random, function(term) {
    term["contrasts"] <- list(random[[match(term$text, texts)]]$contrasts)
    term
  })
  parsed
}

abort_lme4_term <- function(term, theirs) {
  text <- term$text
  known <- vapply(theirs, function(other) {
    paste0(other$group, ": ", paste(other$columns, collapse = ", "))
  }, "")
  abort(c(
    "The random term {.code ({text})} of {.arg m} cannot be imported.",
    "x" = "Its columns {.val {term$columns}} are not those of lme4: {.val {known}}.",
    "i" = "Fit the model with {.fn lmm}."
  ), kind = "unsupported", variable = text, observed = known)
}
