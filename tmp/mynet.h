
#include <eml_net.h>
static const float mynet_layer_0_biases[10] = { -12.251928f, -15.305450f, -2.821852f, -4.271924f, 12.721779f, 6.895399f, 0.790467f, 3.461239f, -12.697339f, 7.518793f };
static const float mynet_layer_0_weights[130] = { 0.481366f, 0.771103f, -0.092433f, 0.304232f, -0.440158f, -0.550990f, 0.133757f, 0.149650f, 0.705082f, -0.518834f, 0.140965f, -0.031210f, 0.185963f, 0.256832f, -0.424399f, -0.562201f, -0.370717f, 0.406728f, 0.173606f, 0.174479f, 2.315754f, 1.424924f, -0.359312f, 1.242569f, -1.941373f, 0.083250f, -0.695655f, 1.376043f, -0.533871f, -1.157160f, -0.162753f, -0.011401f, 0.058322f, 0.017810f, -0.040072f, 0.119049f, 0.031379f, 0.091041f, 0.054221f, 0.170004f, -0.003124f, 0.003597f, 0.008342f, -0.005472f, -0.008001f, -0.000982f, -0.010074f, -0.026138f, 0.003193f, -0.021872f, 0.415156f, 0.090510f, 0.615062f, -0.706150f, -0.214918f, -0.098956f, -0.196243f, -0.790398f, 0.104820f, -0.429473f, -0.140455f, -0.210627f, 0.074514f, -0.720329f, -0.000963f, 0.091299f, -0.060121f, -0.658430f, 0.498780f, -0.101924f, 2.184119f, -1.273786f, 5.145758f, -0.475725f, 5.341637f, -0.556202f, 1.483401f, -1.307499f, -3.079178f, -0.229815f, -0.008100f, 0.079384f, -1.117325f, -0.114734f, 0.263000f, 0.016876f, 0.738058f, -1.160384f, 0.093652f, 1.200402f, -0.121186f, 0.012637f, -0.218737f, 0.249473f, -0.195556f, -0.239642f, 0.152369f, -0.077996f, 0.058137f, -0.313661f, 1.543074f, -0.361167f, 0.552395f, 0.453405f, -0.255442f, 1.462058f, -0.993176f, -0.867557f, -0.439466f, 2.543172f, 0.236212f, 0.756166f, 0.115126f, -0.827840f, 0.316650f, 0.146754f, 0.094498f, -0.264814f, 0.774106f, 0.168855f, 0.001572f, 0.000972f, 0.000949f, 0.000978f, -0.001218f, -0.000911f, -0.001141f, -0.001280f, 0.001409f, -0.001605f };
static const float mynet_layer_1_biases[3] = { -0.139631f, -0.515444f, -0.176229f };
static const float mynet_layer_1_weights[30] = { 0.766036f, -0.656339f, -0.140973f, 0.554881f, -0.022278f, 0.377173f, -0.508397f, 0.666706f, 0.090146f, 0.401850f, -0.845847f, 0.806343f, -0.708251f, 0.437482f, -0.875622f, 0.069693f, 0.875967f, -0.326436f, -0.394251f, -0.465991f, 0.254736f, -0.311408f, 0.511606f, 0.750091f, 1.011575f, 0.224176f, -0.764051f, -0.465262f, 0.594390f, -0.738541f };
static float mynet_buf1[13];
static float mynet_buf2[13];
static const EmlNetLayer mynet_layers[2] = { 
{ 10, 13, mynet_layer_0_weights, mynet_layer_0_biases, EmlNetActivationRelu }, 
{ 3, 10, mynet_layer_1_weights, mynet_layer_1_biases, EmlNetActivationSoftmax } };
static EmlNet mynet = { 2, mynet_layers, mynet_buf1, mynet_buf2, 13 };

    int32_t
    mynet_predict(const float *features, int32_t n_features)
    {
        return eml_net_predict(&mynet, features, n_features);
    }
    

    int32_t
    mynet_regress(const float *features, int32_t n_features, float *out, int32_t out_length)
    {
        return eml_net_regress(&mynet, features, n_features, out, out_length);
    }
    

    float
    mynet_regress1(const float *features, int32_t n_features)
    {
        return eml_net_regress1(&mynet, features, n_features);
    }
    