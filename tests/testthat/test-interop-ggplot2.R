test_that("several pictures are laid out on one page", {
  need_peer("ggplot2")
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
  pictures <- ggplot2::autoplot(fit, which = c("residuals", "scale", "observed"))
  expect_s3_class(pictures, "henderson_pictures")
  expect_named(pictures, c("residuals", "scale", "observed"))
  expect_drawn(pictures)
  expect_s3_class(pictures["scale"], "henderson_pictures")
  expect_s3_class(pictures$scale, "ggplot")
  # columns of the page
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  expect_identical(print(pictures, ncol = 1), pictures)
  expect_identical(plot(pictures, ncol = 3), pictures)
  expect_identical(grid::current.viewport()$name, "ROOT")
  expect_error(print(pictures, ncol = 0), class = "henderson_error_argument")
  expect_error(print(pictures, columns = 2), class = "henderson_error_argument")
})

test_that("one picture is one picture, and unknown ones are refused", {
  need_peer("ggplot2")
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
  expect_s3_class(ggplot2::autoplot(fit, 1), "ggplot")
  expect_identical(chosen_pictures(c(2, 11), fit_pictures), c("scale", "search"))
  for (which in list("leverage", 12, character(0), NA, list())) {
    expect_error(ggplot2::autoplot(fit, which), "which", class = "henderson_error_argument")
  }
  expect_error(ggplot2::autoplot(fit, "qq", nsims = 3), class = "henderson_error_argument")
})

test_that("R Markdown prints the page", {
  need_peer("ggplot2")
  need_peer("knitr")
  folder <- tempfile()
  dir.create(folder)
  old <- setwd(folder)
  on.exit({
    setwd(old)
    unlink(folder, recursive = TRUE)
  })
  writeLines(c(
    "```{r picture, echo = FALSE}",
    "fit <- henderson::lmm(Reaction ~ Days + (Days | Subject), henderson::sleepstudy)",
    "ggplot2::autoplot(fit, c('residuals', 'modes'), nsim = 9)", "```"
  ), "page.Rmd")
  knitr::knit("page.Rmd", quiet = TRUE, envir = new.env())
  figures <- list.files("figure")
  expect_length(figures, 1L)
  expect_gt(file.size(file.path("figure", figures)), 5000)
})
