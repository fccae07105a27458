# Timing: every package fits the same data in the same process, taking turns in random order, so
# that a slow moment of the machine hits all alike.

# Microseconds; R's proc.time() counts milliseconds.
clock <- function() as.double(Sys.time())

quietly <- function(expr) suppressWarnings(suppressMessages(expr))

# The first fit, with what it says: list(seconds, summary, warnings), or list(error).
first_fit <- function(package, case, data) {
  said <- character()
  gc(FALSE)
  start <- clock()
  fit <- tryCatch(
    withCallingHandlers(package$fit(case, data), warning = function(w) {
      said <<- c(said, conditionMessage(w))
      invokeRestart("muffleWarning")
    }, message = function(m) invokeRestart("muffleMessage")),
    error = function(e) e
  )
  seconds <- clock() - start
  if (inherits(fit, "error")) {
    return(list(error = gsub("\\s+", " ", conditionMessage(fit))))
  }
  # not the fit itself: the garbage collector would have to walk over it at every later call
  list(
    seconds = seconds, evaluations = package$evaluations(fit), factors = package$factors(fit),
    warnings = length(said)
  )
}

# How often to repeat a fit of this duration, and how many calls make one timing. Calls of less than
# 50 ms are timed in batches, which take their share of garbage collections.
plan_timing <- function(seconds, settings, at_least = 0) {
  size <- ceiling(settings$batch / seconds)
  rounds <- floor(settings$budget / max(seconds * size, settings$batch))
  list(size = size, rounds = max(at_least, min(settings$rounds, rounds)))
}

seconds_per_call <- function(package, case, data, size) {
  gc(FALSE)
  quietly({
    start <- clock()
    for (i in seq_len(size)) package$fit(case, data)
    (clock() - start) / size
  })
}

# Times by package: a list of numeric vectors. A fit that takes too long to be repeated
# within the budget is represented by its first run.
time_packages <- function(packages, first, case, data, settings) {
  plans <- lapply(names(packages), function(name) {
    seconds <- first[[name]]$seconds
    # the first call of a short fit mostly loads code; ask a second one how long it takes
    if (seconds < 1) seconds <- seconds_per_call(packages[[name]], case, data, 1)
    plan_timing(seconds, settings, at_least = if (seconds < 2) settings$least else 0)
  })
  names(plans) <- names(packages)
  total <- max(vapply(plans, `[[`, 0, "rounds"))
  times <- lapply(first, function(one) numeric())
  for (round in seq_len(total)) {
    for (name in sample(names(plans))) {
      plan <- plans[[name]]
      due <- floor(round * plan$rounds / total) > floor((round - 1) * plan$rounds / total)
      if (!due) next
      times[[name]] <- c(
        times[[name]], seconds_per_call(packages[[name]], case, data, plan$size)
      )
    }
  }
  for (name in names(times)) {
    if (length(times[[name]]) == 0) times[[name]] <- first[[name]]$seconds
  }
  times
}

# Our criterion at our estimates minus that at another package's: negative if ours are better.
criterion_differences <- function(first, case, data) {
  fit <- quietly(henderson::lmm(case$formula, data, REML = case$REML))
  deviance <- henderson::deviance_function(fit)
  ours <- deviance(fit$theta, gradient = FALSE)
  differences <- vapply(first, function(one) {
    if (is.null(one$factors)) return(NA_real_)
    ours - deviance(theta_like(fit, one$factors), gradient = FALSE)
  }, numeric(1))
  list(
    difference = differences, criterion = ours, parameters = length(fit$theta),
    frame_x_mb = megabytes(utils::object.size(fit$frame) + utils::object.size(fit$X)),
    factor_mb = megabytes(henderson:::factor_bytes_cpp(henderson:::cross_products_of(fit)))
  )
}

megabytes <- function(bytes) as.double(bytes) / 2^20

# A data frame with a row for each package.
run_case <- function(case, settings) {
  data <- case$data()
  packages <- package_table()[intersect(settings$packages, case$packages)]
  set.seed(as.integer(Sys.time()))
  first <- lapply(packages, first_fit, case = case, data = data)
  errors <- Filter(Negate(is.null), lapply(first, `[[`, "error"))
  for (name in names(errors)) message(case$name, ", ", name, ": ", errors[[name]])
  working <- setdiff(names(packages), names(errors))
  times <- time_packages(packages[working], first[working], case, data, settings)
  compared <- criterion_differences(first[working], case, data)
  result <- case_table(case, nrow(data), first[working], times, compared)
  if (settings$memory && case$memory) {
    result <- cbind(result, case_memory(case, data, working))
  } else {
    result[memory_columns] <- NA_real_
  }
  result
}

case_table <- function(case, rows, first, times, compared) {
  medians <- vapply(times, stats::median, 0)
  data.frame(
    case = case$name, title = case$title, package = names(times),
    version = vapply(names(times), function(name) format(utils::packageVersion(name)), ""),
    rows = rows, parameters = compared$parameters,
    seconds = medians, least = vapply(times, min, 0), greatest = vapply(times, max, 0),
    timings = lengths(times), ratio = medians / medians[["henderson"]],
    evaluations = as.integer(vapply(first, `[[`, 0, "evaluations")),
    criterion = compared$criterion, ours_minus_theirs = compared$difference,
    warnings = vapply(first, `[[`, 0L, "warnings"),
    target = case$target, stretch = case$stretch, frame_x_mb = compared$frame_x_mb,
    factor_mb = compared$factor_mb,
    row.names = NULL
  )
}
