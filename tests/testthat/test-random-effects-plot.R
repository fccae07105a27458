# What is drawn is read from the trellis objects: the arguments of the panels.

skip_if_not_installed("lattice")

panel_of <- function(plot, k) c(plot$panel.args[[k]], plot$panel.args.common)

test_that("dotplot shows modes and intervals of every level in the order of the first effect", {
  fit <- fit_cached("sleepstudy")
  modes <- ranef(fit)$Subject
  plots <- lattice::dotplot(ranef(fit))

  expect_named(plots, "Subject")
  expect_s3_class(plots$Subject, "trellis")
  expect_identical(plots$Subject$main, "Subject")
  expect_identical(plots$Subject$condlevels$term, c("(Intercept)", "Days"))
  for (k in 1:2) {
    panel <- panel_of(plots$Subject, k)
    half <- qnorm(0.975) * sqrt(attr(modes, "postVar")[k, k, ])
    expect_identical(panel$x, modes[[k]])
    expect_equal(panel$lower[panel$subscripts], modes[[k]] - half)
    expect_equal(panel$upper[panel$subscripts], modes[[k]] + half)
    expect_identical(as.integer(panel$y), as.integer(rank(modes[[1]])))
    expect_identical(levels(panel$y), rownames(modes)[order(modes[[1]])])
    # the limits have room for all intervals
    expect_lt(plots$Subject$x.limits[[k]][1], min(modes[[k]] - half))
    expect_gt(plots$Subject$x.limits[[k]][2], max(modes[[k]] + half))
  }
})

test_that("qqmath shows modes against normal quantiles of their own ranks", {
  modes <- ranef(fit_cached("sleepstudy"))$Subject
  plot <- lattice::qqmath(ranef(fit_cached("sleepstudy")), level = 0.5)$Subject

  for (k in 1:2) {
    panel <- panel_of(plot, k)
    expect_equal(panel$y, qnorm((rank(modes[[k]]) - 0.5) / 18))
    half <- qnorm(0.75) * sqrt(attr(modes, "postVar")[k, k, ])
    expect_equal(panel$upper[panel$subscripts] - panel$x, half)
  }
})

test_that("every grouping factor has a plot, with or without variances, dropped or not", {
  fit <- fit_cached("sorghum_e3")
  all <- lattice::dotplot(ranef(fit))
  expect_named(all, names(ranef(fit)))
  without <- lattice::dotplot(ranef(fit, condVar = FALSE))
  expect_true(all(is.na(panel_of(without[[1]], 1)$lower)))
  expect_true(all(is.finite(unlist(without[[1]]$x.limits))))
  dropped <- lattice::dotplot(ranef(fit, drop = TRUE))
  expect_identical(panel_of(dropped[[1]], 1), panel_of(all[[1]], 1))
})

test_that("columns of one name have panels of their own, and effects of zero are drawn", {
  data <- transform(sleepstudy, z = cos(Days))
  fit <- suppressMessages(lmm(Reaction ~ Days + (Days | Subject) + (1 + z | Subject), data))
  plot <- lattice::dotplot(ranef(fit))$Subject
  expect_identical(anyDuplicated(plot$condlevels$term), 0L)
  expect_length(plot$condlevels$term, 4L)
  expect_equal(panel_of(plot, 3)$x, ranef(fit)$Subject[[3]])

  zero <- suppressMessages(lmm(Yield ~ 1 + (1 | Batch), lme4::Dyestuff2))
  grDevices::pdf(NULL)
  withr::defer(grDevices::dev.off())
  expect_identical(panel_of(plot(ranef(zero))$Batch, 1)$x, numeric(6))
})

test_that("plot draws every factor and returns the plots invisibly", {
  file <- withr::local_tempfile(fileext = ".pdf")
  grDevices::pdf(file)
  withr::defer(grDevices::dev.off())
  x <- ranef(fit_cached("sleepstudy"))

  returned <- withVisible(plot(x))
  expect_false(returned$visible)
  expect_identical(panel_of(returned$value$Subject, 2), panel_of(lattice::dotplot(x)$Subject, 2))
  # drawn: the page has both panels
  expect_identical(nrow(lattice::trellis.currentLayout()), 1L)
  expect_setequal(lattice::trellis.currentLayout(), 1:2)
  quantiles <- plot(x, type = "qqmath", level = 0.9)
  expect_identical(
    panel_of(quantiles$Subject, 1), panel_of(lattice::qqmath(x, level = 0.9)$Subject, 1)
  )
})

test_that("titles, transformations and lattice's arguments are used, malformed ones are errors", {
  x <- ranef(fit_cached("sleepstudy"))
  plot <- lattice::dotplot(x,
    main = "Sleep", transf = function(b) b / 10, xlab = "ms", scales = list(y = list(cex = 0.5))
  )$Subject

  expect_identical(plot$main, "Sleep")
  expect_identical(plot$xlab, "ms")
  expect_identical(plot$y.scales$cex, c(0.5, 0.5))
  expect_identical(plot$x.scales$relation, "free")
  expect_equal(panel_of(plot, 1)$x, x$Subject[[1]] / 10)
  expect_null(lattice::dotplot(x, main = FALSE)$Subject$main)
  expect_error(lattice::dotplot(x, level = 95), class = "henderson_error_argument")
  expect_error(lattice::qqmath(x, transf = "exp"), class = "henderson_error_argument")
  expect_error(plot(x, type = "scatter"), class = "henderson_error_argument")
})

test_that("plot without lattice says what to install", {
  expect_error(check_lattice(FALSE), "install.packages", class = "henderson_error_unsupported")
  expect_null(check_lattice())
})
