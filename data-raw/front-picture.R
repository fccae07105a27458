# Draws the picture of README.md, man/figures/sleepstudy.png.
#
#   Rscript data-raw/front-picture.R      (with henderson installed)

library(henderson)

script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))
root <- dirname(dirname(normalizePath(script)))

fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
days <- data.frame(Days = seq(0, 9, by = 0.1), Subject = "new")
mean_line <- predict(fit, days, re.form = NA, interval = "confidence")
new_subject <- predict(fit, days, interval = "prediction", allow.new.levels = TRUE)

blue <- "#0072B2"
png(file.path(root, "man", "figures", "sleepstudy.png"), width = 1300, height = 650, res = 150)
par(mar = c(3.8, 4, 0.6, 0.6), mgp = c(2.4, 0.6, 0), las = 1, tcl = -0.3)
plot(Reaction ~ Days, sleepstudy,
  type = "n", ylim = range(new_subject, sleepstudy$Reaction), ylab = "reaction time (ms)",
  xlab = "days of too little sleep"
)
band <- function(limits, alpha) {
  polygon(c(days$Days, rev(days$Days)), c(limits[, "lwr"], rev(limits[, "upr"])),
    col = adjustcolor(blue, alpha), border = NA
  )
}
band(new_subject, 0.12)
band(mean_line, 0.30)
points(Reaction ~ Days, sleepstudy, pch = 19, cex = 0.45, col = "grey45")
own <- coef(fit)$Subject
ends <- cbind(own[["(Intercept)"]], own[["(Intercept)"]] + 9 * own[["Days"]])
segments(0, ends[, 1], 9, ends[, 2], col = adjustcolor("grey20", 0.55), lwd = 0.8)
lines(days$Days, mean_line[, "fit"], col = blue, lwd = 3)
legend("topleft",
  c("mean line and 95 % confidence", "95 % prediction, a new subject", "the 18 subjects' lines"),
  col = c(blue, adjustcolor(blue, 0.25), "grey40"), lwd = c(3, 9, 1), bty = "n", cex = 0.85
)
invisible(dev.off())
