# What has changed in the data of a fit is said as it is.

# the reason that update() gives for not taking a new variable of changed data
reason_after <- function(change, ..., data = transform(test_data(), s = v + 3)) {
  fit <- suppressMessages(lmm(..., data = data))
  data <- change(data)
  condition <- tryCatch(update(fit, . ~ . + o), error = identity)
  expect_s3_class(condition, "henderson_error_data")
  # the fit's own data serve, with the same reason
  expect_message(same <- update(fit, . ~ .), class = "henderson_message_data")
  expect_fit_of(same, fit)
  text <- gsub("\\s+", " ", conditionMessage(condition))
  list(text = sub(".*any more: (.*?)[.] . Give.*", "\\1", text), variable = condition$variable)
}

test_that("factors with other codes of the same values are named", {
  model <- y ~ x + f + (1 | g)
  cases <- list(
    list("f", "has its levels in another order", function(d) transform(d, f = relevel(f, "c"))),
    list("g", "has its levels in another order", function(d) {
      transform(d, g = factor(g, rev(levels(g))))
    }),
    list("f", "is an ordered factor now", function(d) transform(d, f = as.ordered(f))),
    list("f", "has other contrasts", function(d) {
      contrasts(d$f) <- "contr.sum"
      d
    }),
    list("f", "has other values", function(d) transform(d, f = rev(f))),
    list("x", "has other values", function(d) transform(d, x = rev(x), f = relevel(f, "c")))
  )
  for (case in cases) {
    reason <- reason_after(case[[3]], model)
    expect_identical(reason$variable, case[[1]])
    expect_identical(reason$text, paste0("`", case[[1]], "` ", case[[2]]))
  }
  # ten levels, which strings have in another order
  ten <- transform(test_data(), g = gl(10, 9))
  reason <- reason_after(function(d) transform(d, g = as.character(g)), model, data = ten)
  expect_identical(reason$text, "`g` has its levels in another order")
  both <- function(d) transform(d, f = relevel(f, "c"))[90:1, ]
  expect_identical(reason_after(both, model)$text, "its rows are in another order")
})

test_that("variables of weights, offset and subset are named", {
  model <- y ~ x + (1 | g)
  twice <- function(name) {
    function(d) {
      d[[name]] <- 2 * d[[name]]
      d
    }
  }
  expect_named_reason <- function(reason, name) {
    expect_identical(reason, list(
      text = paste0("`", name, "` has other values"), variable = name
    ))
  }
  expect_named_reason(reason_after(twice("w"), model, weights = w), "w")
  expect_named_reason(reason_after(twice("w"), model, weights = 1 / w^2), "w")
  expect_named_reason(reason_after(twice("s"), model, weights = exp(w + s)), "s")
  expect_named_reason(reason_after(twice("s"), model, weights = w, offset = s), "s")
  power <- 2
  expect_named_reason(reason_after(twice("w"), model, weights = w^power), "w")

  reason <- reason_after(function(d) transform(d, v = rev(v)), model, subset = v > 0)
  expect_identical(reason, list(
    text = "`v`, which `subset` uses, has other values", variable = "v"
  ))
  reason <- reason_after(function(d) transform(d, v = v + 0.1), model, subset = v > 0)
  expect_identical(reason$variable, "v")
  # as many rows, of a variable of the model
  swapped <- function(d) {
    rows <- c(which(d$x > 0)[1], which(d$x < 0)[1])
    d$x[rows] <- d$x[rev(rows)]
    d
  }
  reason <- reason_after(swapped, model, subset = x > 0)
  expect_identical(reason$text, "`subset = x > 0` selects other rows")
  missing <- transform(test_data(), x = replace(x, 5, NA))
  moved <- function(d) transform(d, x = replace(test_data()$x, 6, NA))
  expect_identical(
    reason_after(moved, model, data = missing)$text, "other rows have missing values"
  )
  cut <- function(d) d[1:80, ]
  expect_identical(
    reason_after(cut, model, weights = w, subset = v > -9)$text,
    "there are 80 rows to fit, where there were 90"
  )
})
