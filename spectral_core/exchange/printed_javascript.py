"""Parts of exported JavaScript modules, printed from the proven programs in `derivations`. Do not edit.

made by       python -m derivations

By format: the exponential with its table of powers of two, erfc, and the activations by name. `exchange.javascript` adds the
numbers of a network.
"""

PARTS: dict[str, dict[str, str]] = {
    "float32": {
        "exponential": r"""const P=new Float64Array(161);P[80]=1;for(let n=1;n<80;n++)P[80+n]=2*P[79+n],P[80-n]=P[81-n]/2;let m1;
function exp(x){x=(x<-104)?-104:x;x=(x>89)?89:x;let t=f(f(x*1.4426950216293335)+12582912),n=f(t-12582912),r=f(f(x-f(n*.693145751953125))-f(n*1.428606765330187e-6)),q=f(f(.00019841270113829523*r)+.0013888889225199819);q=f(f(q*r)+.008333333767950535);q=f(f(q*r)+.0416666679084301);q=f(f(q*r)+.1666666716337204);q=f(f(q*r)+.5);let w=f(q*r),p=f(f(w*r)+r),k=n|0,h=k>>1,l=k-h,b=P[h+80],c=P[l+80],v=P[80-l],a=f(b*p);m1=f(f(f(b-v)+a)*c);return f(f(b+a)*c)}""",
        "erfc": r"""const Q=new Float64Array(1281);Q[640]=1;for(let n=1;n<640;n++)Q[640+n]=2*Q[639+n],Q[640-n]=Q[641-n]/2;
function exp64(x){x=(x<-746)?-746:x;x=(x>710)?710:x;let t=x*1.4426950408889634+6755399441055744,n=t-6755399441055744,r=x-n*.6931471805598903-n*5.497923018708371e-14,q=1.6059043836821613e-10*r+2.08767569878681e-9;q=q*r+2.505210838544172e-8;q=q*r+2.755731922398589e-7;q=q*r+2.7557319223985893e-6;q=q*r+2.48015873015873e-5;q=q*r+.0001984126984126984;q=q*r+.001388888888888889;q=q*r+.008333333333333333;q=q*r+.041666666666666664;q=q*r+.16666666666666666;q=q*r+.5;let w=q*r,p=w*r+r,k=n|0,h=k>>1,l=k-h,b=Q[h+640],c=Q[l+640],v=Q[640-l],a=b*p;m1=(b-v+a)*c;return (b+a)*c}
function erfc(x){let a=Math.abs(x);if(a<.84375){let z=x*x,r=-2.3763016656650163e-5;r=r*z+(-.005770270296489442);r=r*z+(-.02848174957559851);r=r*z+(-.3250421072470015);r=r*z+.12837916709551256;let d=-3.960228278775368e-6;d=d*z+.00013249473800432164;d=d*z+.005081306281875766;d=d*z+.0650222499887673;d=d*z+.39791722395915535;d=d*z+1;let y=r/d;if(x<.25){return 1-(x+x*y)}return .5-(x-.5+x*y)}if(a<1.25){let s=a-1,p=-.002166375594868791;p=p*s+.035478304325618236;p=p*s+(-.11089469428239668);p=p*s+.31834661990116175;p=p*s+(-.3722078760357013);p=p*s+.41485611868374833;p=p*s+(-.0023621185607526594);let d=.011984499846799107;d=d*s+.01363708391202905;d=d*s+.12617121980876164;d=d*s+.07182865441419627;d=d*s+.540397917702171;d=d*s+.10642088040084423;d=d*s+1;if(x>=0){return 1-.8450629115104675-p/d}return 1+(.8450629115104675+p/d)}if(a>28){return(x>0)?0:2}if(x<-6){return 2}if(!(a>=1.25)){return x}let s=1/(a*a),r=0,d=0;if(a<2.857142857142857){r=-9.814329344169145;r=r*s+(-81.2874355063066);r=r*s+(-184.60509290671104);r=r*s+(-162.39666946257347);r=r*s+(-62.375332450326006);r=r*s+(-10.558626225323291);r=r*s+(-.6938585727071818);r=r*s+(-.009864944034847148);d=-.0604244152148581;d=d*s+6.570249770319282;d=d*s+108.63500554177944;d=d*s+429.00814002756783;d=d*s+645.3872717332679;d=d*s+434.56587747522923;d=d*s+137.65775414351904;d=d*s+19.651271667439257;d=d*s+1}else{r=-483.5191916086514;r=r*s+(-1025.0951316110772);r=r*s+(-637.5664433683896);r=r*s+(-160.63638485582192);r=r*s+(-17.757954917754752);r=r*s+(-.799283237680523);r=r*s+(-.0098649429247001);d=-22.44095244658582;d=d*s+474.52854120695537;d=d*s+2553.0504064331644;d=d*s+3199.8582195085955;d=d*s+1536.729586084437;d=d*s+325.7925129965739;d=d*s+30.33806074348246;d=d*s+1}let z=Math.fround(a),y=exp64(-z*z-.5625)*exp64((z-a)*(z+a)+r/d)/a;return(x>0)?y:(2-y)}""",
        "identity": r"""function g(z){let y=z;return y}""",
        "relu": r"""function g(z){let c=z<=0;return c?0:z}""",
        "leaky_relu": r"""function g(z){let c=z<=0;return c?f(.009999999776482582*z):z}""",
        "elu": r"""function g(z){let E=exp((z<=0)?z:0),m=m1,c=z<=0;return c?m:z}""",
        "tanh": r"""function g(z){let E=exp(f(-2*Math.abs(z))),m=m1,d=f(1/f(m+2)),c=f(d*m);return (z<=0)?c:-c}""",
        "sigmoid": r"""function g(z){let E=exp(-Math.abs(z)),m=m1,d=f(1/f(E+1));return (z<=0)?f(E*d):d}""",
        "gelu": r"""function g(z){let c=f(.5*f(erfc(f(-.7071067690849304*z))));return f(c*z)}""",
        "swish": r"""function g(z){let E=exp(-Math.abs(z)),m=m1,d=f(1/f(E+1)),c=(z<=0)?f(E*d):d;return f(c*z)}""",
    },
    "float64": {
        "exponential": r"""const P=new Float64Array(1281);P[640]=1;for(let n=1;n<640;n++)P[640+n]=2*P[639+n],P[640-n]=P[641-n]/2;let m1;
function exp(x){x=(x<-746)?-746:x;x=(x>710)?710:x;let t=x*1.4426950408889634+6755399441055744,n=t-6755399441055744,r=x-n*.6931471805598903-n*5.497923018708371e-14,q=1.6059043836821613e-10*r+2.08767569878681e-9;q=q*r+2.505210838544172e-8;q=q*r+2.755731922398589e-7;q=q*r+2.7557319223985893e-6;q=q*r+2.48015873015873e-5;q=q*r+.0001984126984126984;q=q*r+.001388888888888889;q=q*r+.008333333333333333;q=q*r+.041666666666666664;q=q*r+.16666666666666666;q=q*r+.5;let w=q*r,p=w*r+r,k=n|0,h=k>>1,l=k-h,b=P[h+640],c=P[l+640],v=P[640-l],a=b*p;m1=(b-v+a)*c;return (b+a)*c}""",
        "erfc": r"""function erfc(x){let a=Math.abs(x);if(a<.84375){let z=x*x,r=-2.3763016656650163e-5;r=r*z+(-.005770270296489442);r=r*z+(-.02848174957559851);r=r*z+(-.3250421072470015);r=r*z+.12837916709551256;let d=-3.960228278775368e-6;d=d*z+.00013249473800432164;d=d*z+.005081306281875766;d=d*z+.0650222499887673;d=d*z+.39791722395915535;d=d*z+1;let y=r/d;if(x<.25){return 1-(x+x*y)}return .5-(x-.5+x*y)}if(a<1.25){let s=a-1,p=-.002166375594868791;p=p*s+.035478304325618236;p=p*s+(-.11089469428239668);p=p*s+.31834661990116175;p=p*s+(-.3722078760357013);p=p*s+.41485611868374833;p=p*s+(-.0023621185607526594);let d=.011984499846799107;d=d*s+.01363708391202905;d=d*s+.12617121980876164;d=d*s+.07182865441419627;d=d*s+.540397917702171;d=d*s+.10642088040084423;d=d*s+1;if(x>=0){return 1-.8450629115104675-p/d}return 1+(.8450629115104675+p/d)}if(a>28){return(x>0)?0:2}if(x<-6){return 2}if(!(a>=1.25)){return x}let s=1/(a*a),r=0,d=0;if(a<2.857142857142857){r=-9.814329344169145;r=r*s+(-81.2874355063066);r=r*s+(-184.60509290671104);r=r*s+(-162.39666946257347);r=r*s+(-62.375332450326006);r=r*s+(-10.558626225323291);r=r*s+(-.6938585727071818);r=r*s+(-.009864944034847148);d=-.0604244152148581;d=d*s+6.570249770319282;d=d*s+108.63500554177944;d=d*s+429.00814002756783;d=d*s+645.3872717332679;d=d*s+434.56587747522923;d=d*s+137.65775414351904;d=d*s+19.651271667439257;d=d*s+1}else{r=-483.5191916086514;r=r*s+(-1025.0951316110772);r=r*s+(-637.5664433683896);r=r*s+(-160.63638485582192);r=r*s+(-17.757954917754752);r=r*s+(-.799283237680523);r=r*s+(-.0098649429247001);d=-22.44095244658582;d=d*s+474.52854120695537;d=d*s+2553.0504064331644;d=d*s+3199.8582195085955;d=d*s+1536.729586084437;d=d*s+325.7925129965739;d=d*s+30.33806074348246;d=d*s+1}let z=Math.fround(a),y=exp(-z*z-.5625)*exp((z-a)*(z+a)+r/d)/a;return(x>0)?y:(2-y)}""",
        "identity": r"""function g(z){let y=z;return y}""",
        "relu": r"""function g(z){let c=z<=0;return c?0:z}""",
        "leaky_relu": r"""function g(z){let c=z<=0;return c?(.01*z):z}""",
        "elu": r"""function g(z){let E=exp((z<=0)?z:0),m=m1,c=z<=0;return c?m:z}""",
        "tanh": r"""function g(z){let E=exp(-2*Math.abs(z)),m=m1,d=1/(m+2),c=d*m;return (z<=0)?c:-c}""",
        "sigmoid": r"""function g(z){let E=exp(-Math.abs(z)),m=m1,d=1/(E+1);return (z<=0)?(E*d):d}""",
        "gelu": r"""function g(z){let c=.5*erfc(-.7071067811865476*z);return c*z}""",
        "swish": r"""function g(z){let E=exp(-Math.abs(z)),m=m1,d=1/(E+1),c=(z<=0)?(E*d):d;return c*z}""",
    },
}
NEEDS: dict[str, tuple[str, ...]] = {
    "identity": (),
    "relu": (),
    "leaky_relu": (),
    "elu": ("exponential",),
    "tanh": ("exponential",),
    "sigmoid": ("exponential",),
    "gelu": ("exponential", "erfc"),
    "swish": ("exponential",),
}
"""The other parts that an activation calls, in their order."""
