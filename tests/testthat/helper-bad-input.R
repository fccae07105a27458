# Tables of calls that must be refused, or told about, and the assertions on every row.

# Data with everything that can be wrong in a column, on top of many_types().
bad_data <- function() {
  d <- many_types()
  n <- nrow(d)
  i <- seq_len(n)
  d$y <- d$y + c(-2, 1, 3, 0, 2)[as.integer(d$g)] + cos(i^2)
  d$list <- as.list(d$x)
  d$complex <- complex(real = d$x)
  d$raw <- as.raw(i)
  d$matrix <- cbind(d$x, d$w)
  d$letters <- cbind(as.character(d$c), as.character(d$a))
  d$frame <- data.frame(p = d$x, q = d$w)
  d$lt <- as.POSIXlt(d$time)
  d$infinite <- replace(d$x, 3:4, c(Inf, -Inf))
  d$gap <- replace(d$x, 6:8, c(NA, NaN, NA))
  d$all_missing <- NA_real_
  d$zero <- 0
  d$five <- 5
  d$negative <- replace(d$positive, 7, -1)
  d$id <- i
  d$single <- "q"
  d$twice <- 2 * d$x
  d$line <- 3 + 2 * d$x
  d$steps <- c(1.5, 4, 9)[as.integer(d$f)]
  d$large <- 1e160 * d$x
  d$huge <- 1e300 * i
  d$tiny <- 1e-310 * i
  d
}

# Rows of four: kind of condition, variable (NULL: none to name), text in the message, call.
bad_calls <- function(...) {
  cells <- as.list(substitute(list(...)))[-1]
  stopifnot(length(cells) %% 4 == 0)
  lapply(seq_len(length(cells) / 4), function(row) {
    stats::setNames(cells[4 * row + (-3:0)], c("kind", "variable", "text", "call"))
  })
}

# What no user should read: words of R's internals, of C++ and of other packages' functions.
internal_words <- c(
  "object of type 'closure'", "subscript out of bounds", "non-conformable", "internal:", "std::",
  "Eigen", "Rcpp", "model.frame.default", "ExtractVars", "no applicable method", "with no default,",
  "unused argument", "invalid type (", "foreign function", "cannot coerce", "bad_alloc",
  "non-function", "argument of length 0", "missing value where TRUE/FALSE needed",
  "(list) object cannot be", "is not subsettable", "stopifnot", "is not TRUE"
)

# Names of the functions a user can call: exported ones, generics with a method here.
callable_names <- function() {
  methods <- getNamespaceInfo("henderson", "S3methods")[, 1]
  unique(c(getNamespaceExports("henderson"), sub("^.*::", "", methods)))
}

# One test expectation per row and property. `level`: "error", "warning" or "message". Calls are
# evaluated in `env`; `closures` are names in it of functions that the package has made.
expect_refused <- function(rows, env = parent.frame(), level = "error", closures = character()) {
  callable <- c(callable_names(), closures)
  for (row in rows) {
    label <- paste(deparse(row$call, width.cutoff = 500), collapse = " ")
    caught <- catch_condition(row$call, env, level)
    expect_condition_class(caught, paste0("henderson_", level, "_", row$kind), label)
    if (!inherits(caught, "condition")) next
    text <- gsub("\\s+", " ", cli::ansi_strip(conditionMessage(caught)))
    expect_true(grepl(row$text, text, fixed = TRUE),
      label = paste0("`", label, "`: text \"", row$text, "\" in \"", text, "\"")
    )
    expect_identical(caught$variable, row$variable, label = paste("variable of", label))
    internal <- Filter(function(word) grepl(word, text, fixed = TRUE), internal_words)
    expect_identical(internal, character(), label = paste("R's own words in", label))
    if (level == "error") {
      expect_true(called_function(caught) %in% callable, label = paste("call shown by", label))
    }
  }
}

# The condition of the level asked for, or NULL; other messages and warnings pass in silence.
catch_condition <- function(call, env, level) {
  found <- NULL
  note <- function(condition, restart) {
    wanted <- inherits(condition, paste0("henderson_", level))
    if (wanted && is.null(found)) found <<- condition
    invokeRestart(restart)
  }
  error <- tryCatch(
    withCallingHandlers(
      {
        utils::capture.output(eval(call, env))
        NULL
      },
      warning = function(condition) note(condition, "muffleWarning"),
      message = function(condition) note(condition, "muffleMessage")
    ),
    error = identity
  )
  if (level == "error") error else found
}

expect_condition_class <- function(caught, class, label) {
  actual <- if (is.null(caught)) "nothing" else paste(class(caught)[1], conditionMessage(caught))
  expect_true(inherits(caught, class), label = paste0("`", label, "` gave ", actual, ": ", class))
}

called_function <- function(condition) {
  call <- conditionCall(condition)
  if (is.null(call)) return("none")
  sub("^.*::", "", paste(deparse(call[[1]]), collapse = ""))
}
