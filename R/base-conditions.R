# Errors, warnings and messages of the package.
#
# Every condition carries the classes `henderson_<level>_<kind>` and `henderson_<level>` and the
# fields `variable` (what is at fault) and `observed` (what was found), so that tests and callers
# need not read the text. Kinds: see design/internal-objects.md. Text is formatted by cli, and
# only when a condition is raised: nothing here costs time in a successful call.

#' Raise an error of the package
#'
#' @param message character vector of cli bullets; values in braces are looked up in the frame of
#'   the function that calls `abort()`.
#' @param kind string, e.g. `"formula"`; see design/internal-objects.md.
#' @param variable string or character vector: the variable or argument at fault; NULL if none.
#' @param observed what was found; any small object.
#' @param call call or frame shown as the origin: by default the function the user called.
#' @param envir environment in which `message` is interpolated.
#' @return does not return.
#' @noRd
abort <- function(message, kind, variable = NULL, observed = NULL, call = entry_frame(),
                  envir = parent.frame()) {
  cli::cli_abort(c(message, help_line(kind, "{.topic henderson::%s}")),
    class = condition_classes("error", kind), variable = variable, observed = observed,
    call = call, .envir = envir, trace = no_trace()
  )
}

# A backtrace of rlang would show the package's internal calls below the message.
no_trace <- function() rlang::trace_back()[0L, ]

#' Raise a warning of the package; arguments as `abort()`
#' @noRd
warn <- function(message, kind, variable = NULL, observed = NULL, call = entry_frame(),
                 envir = parent.frame()) {
  cli::cli_warn(c(message, help_line(kind, "{.topic henderson::%s}")),
    class = condition_classes("warning", kind), variable = variable, observed = observed,
    call = call, .envir = envir
  )
}

#' Emit a message of the package; arguments as `abort()`
#'
#' A message is no exception (one fit in three of a simulation may be singular), and cli takes 5 ms
#' to format one, several times a small fit: text without braces does without it.
#' @noRd
inform <- function(message, kind, variable = NULL, observed = NULL, envir = parent.frame()) {
  message <- c(message, help_line(kind, "`?%s`"))
  lines <- if (any(grepl("{", message, fixed = TRUE))) {
    cli::format_message(message, .envir = envir)
  } else {
    rlang::format_error_bullets(message)
  }
  condition <- list(
    message = paste0(paste(lines, collapse = "\n"), "\n"), call = NULL,
    variable = variable, observed = observed
  )
  message(structure(condition,
    class = c(condition_classes("message", kind), "message", "condition")
  ))
}

#' Raise a condition at the level that a `check_*` entry of `lmm_control()` asks for
#'
#' @param level "stop", "warning", "message" or "ignore".
#' @param ... passed to `abort()`, `warn()` or `inform()`.
#' @noRd
report <- function(level, message, kind, ..., call = entry_frame(), envir = parent.frame()) {
  switch(level,
    stop = abort(message, kind, ..., call = call, envir = envir),
    warning = warn(message, kind, ..., call = call, envir = envir),
    message = inform(message, kind, ..., envir = envir),
    ignore = NULL
  )
  invisible(NULL)
}

# The help page that explains the conditions of a kind and says what to do; those of other kinds say
# it themselves.
help_pages <- c(
  convergence = "fit_messages", rank = "fit_messages", undetermined = "fit_messages",
  precision = "fit_messages", computation = "fit_messages", unsupported = "fit_messages",
  singular = "is_singular", formula = "lmm", relationship = "pedigree"
)

# The last bullet of a condition; `form` is what shows the page, a link where the console has links.
help_line <- function(kind, form) {
  page <- help_pages[kind]
  if (is.na(page)) return(NULL)
  c("i" = sprintf(paste0("See ", form, "."), page))
}

#' @noRd
condition_classes <- function(level, kind) {
  c(paste0("henderson_", level, "_", kind), paste0("henderson_", level))
}

#' Frame of the outermost function of this package on the call stack
#'
#' The user sees "Error in `lmm()`", not the name of a helper, without every helper passing a call.
#' @return environment (a frame), which rlang accepts as `call`.
#' @noRd
entry_frame <- function() {
  home <- topenv(environment(entry_frame))
  for (i in seq_len(sys.nframe())) {
    if (identical(topenv(environment(sys.function(i))), home)) {
      return(sys.frame(i))
    }
  }
  NULL
}

#' What the package says of a fit, and what to do
#'
#' Every message, warning and error has a class by which programs can tell it from others:
#' `henderson_message_<kind>`, `henderson_warning_<kind>` or `henderson_error_<kind>`. The fields
#' `variable` and `observed` of the condition have what is at fault and what was found. This page
#' explains the kinds that call for a decision.
#'
#' @section The fit is singular (`singular`): A variance is estimated as zero, or a correlation as
#'   one. The fit is the maximum of the likelihood all the same. [is_singular()] says what to do.
#' @section No convergence (`convergence`): The optimizer ended at a point that its evidence does
#'   not show to be a minimum of the criterion. Do not report the numbers. Often predictors are
#'   of very different scales or nearly collinear: centre them, divide by their standard deviation.
#'   [all_optimizers()] tells whether others end at the same point, [lmm_control()] has the
#'   settings, `start` of [lmm()] another start. `fit$optimization$certificate` has the evidence.
#' @section Rank deficient (`rank`): A column of the fixed-effects matrix is a combination of
#'   earlier ones: a combination of factor levels that does not occur in an interaction, a variable
#'   that is constant or repeats another, a mean of groups beside the groups. Such columns
#'   are dropped, the same ones as by `lm()`, and their coefficients are not estimated;
#'   `fit$dropped` names them. Fitted values do not depend on which are dropped; contrasts and
#'   predictions that do are refused or warned of. To get rid of the message, leave the variable
#'   out, or drop the empty combination by `interaction(a, b, drop = TRUE)`;
#'   `lmm_control(check_rank = "ignore")` keeps quiet.
#' @section Not determined by the data (`undetermined`): Several values of the variances have the
#'   same likelihood, because terms group the rows in the same way, or effects are reproduced by
#'   the fixed part. What depends on the choice is `NA`. Remove one of the terms that the message
#'   names. Details: [lmm()].
#' @section Few digits (`precision`): Random effects are very large beside the residuals, so that
#'   rounding takes digits of the results. Make the grouping factor that the message names a fixed
#'   effect, or look whether the response is nearly constant within its levels. Or sums of
#'   [cross_products()] have cancelled: those that a database has made of a response far from what
#'   the model says of it, or those that are left where nearly all rows were taken away. Make them
#'   of the rows, by [chunks()].
#' @section No residual variance (`computation`): The effects reproduce the response, so that the
#'   likelihood has no maximum: a factor with a level for each row among the fixed effects, a
#'   response computed from predictors, one row for each group. Values whose squares overflow are
#'   the other reason: give them another unit.
#' @section Not available (`unsupported`): The function does not know models of this kind, and gives
#'   no number rather than a wrong one. With known relationships ([pedigree()]), tests of random
#'   terms, shares of variance and bootstraps are refused; with a structure (see [structures]),
#'   priors; with [residual_structure]s profiles, bootstraps, influence and tests of random terms;
#'   influence, where the data do not determine all parameters. The message names what does work,
#'   where something does.
#' @name fit_messages
#' @seealso [lmm()], [is_singular()], [lmm_control()]
#' @examples
#' # a column that repeats another
#' sleepstudy$Hours <- 24 * sleepstudy$Days
#' fit <- lmm(Reaction ~ Days + Hours + (Days | Subject), sleepstudy)
#' fit$dropped
#' # the same as a condition, for programs
#' tryCatch(
#'   lmm(Reaction ~ Days + Hours + (Days | Subject), sleepstudy),
#'   henderson_message_rank = function(condition) condition$variable
#' )
NULL
