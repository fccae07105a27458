#' Reaction times during sleep restriction
#'
#' Average reaction time per day of the 18 subjects whose time in bed was restricted to three
#' hours a night. Each subject was measured on ten consecutive days; every subject has every day.
#'
#' @format A data frame with 180 rows and 3 columns:
#' \describe{
#'   \item{`Reaction`}{numeric: average reaction time of the day, in milliseconds.}
#'   \item{`Days`}{numeric: day of the study, 0 to 9. Days 0 and 1 were adaptation and training,
#'     day 2 the baseline; sleep was restricted after it.}
#'   \item{`Subject`}{factor with 18 levels: the subject's number in the study.}
#' }
#' @source Belenky, G., Wesensten, N. J., Thorne, D. R., Thomas, M. L., Sing, H. C., Redmond, D. P.,
#'   Russo, M. B. and Balkin, T. J. (2003). Patterns of performance degradation and restoration
#'   during sleep restriction and subsequent recovery: a sleep dose-response study. *Journal of
#'   Sleep Research* 12, 1--12. \doi{10.1046/j.1365-2869.2003.00337.x}.
#'
#'   Taken without change from the R package lme4 (version 1.1-31, licence GPL (>= 2)), where the
#'   object has the same name.
#' @examples
#' str(sleepstudy)
#' lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
"sleepstudy"

#' Sorghum variety trial in six environments
#'
#' Yields of 18 sorghum genotypes in six environments in Sudan (years and locations combined). In
#' each environment the trial was a randomized complete block design with four replicates.
#'
#' @format A data frame with 432 rows and 4 columns:
#' \describe{
#'   \item{`env`}{factor with 6 levels, `E1` to `E6`: environment.}
#'   \item{`rep`}{factor with 4 levels, `R1` to `R4`: replicate (block). The labels repeat in every
#'     environment, so over several environments the blocks are `env:rep`.}
#'   \item{`gen`}{factor with 18 levels, `G01` to `G18`: genotype.}
#'   \item{`yield`}{numeric: yield, in kilograms per hectare.}
#' }
#' @source Omer, S. O., Abdalla, A. W. H., Mohammed, M. H. and Singh, M. (2015). Bayesian estimation
#'   of genotype-by-environment interaction in sorghum variety trials. *Communications in Biometry
#'   and Crop Science* 10(2), 82--95.
#'
#'   Taken without change from the R package agridat (version 1.26, licence MIT, by Kevin Wright),
#'   where the object has the same name; agridat credits S. O. Omer for the electronic data.
#' @examples
#' str(omer.sorghum)
#' lmm(yield ~ gen + (1 | rep), subset(omer.sorghum, env == "E3"))
"omer.sorghum"

#' Split-plot trial of barley with a fungicide
#'
#' Yields of 70 barley varieties and mixtures with two fungicide treatments, grown in 1995--1996
#' at the Scottish Crop Research Institute. A split-plot design: in each of four blocks the two
#' fungicide treatments are on whole plots, and the 70 genotypes on the plots within a whole plot.
#' The field has 10 rows and 56 beds.
#'
#' @format A data frame with 560 rows and 6 columns:
#' \describe{
#'   \item{`yield`}{numeric: yield, in tonnes per hectare.}
#'   \item{`block`}{factor with 4 levels, `B1` to `B4`: block.}
#'   \item{`gen`}{factor with 70 levels, `G01` to `G70`: genotype.}
#'   \item{`fung`}{factor with 2 levels, `F1` and `F2`: fungicide treatment.}
#'   \item{`row`}{integer: row of the field, 1 to 10.}
#'   \item{`bed`}{integer: bed (column of the field), 1 to 56.}
#' }
#' @source Durban, M., Hackett, C. A., McNicol, J. W., Newton, A. C., Thomas, W. and Currie, I.
#'   (2003). The practical use of semiparametric models in field trials. *Journal of Agricultural,
#'   Biological, and Environmental Statistics* 8, 48--66. \doi{10.1198/1085711031265}.
#'
#'   Taken without change from the R package agridat (version 1.26, licence MIT, by Kevin Wright),
#'   where the object has the same name; agridat has it by permission of M. Durban.
#' @examples
#' str(durban.splitplot)
#' lmm(yield ~ gen * fung + (1 | block / fung), durban.splitplot)
"durban.splitplot"
